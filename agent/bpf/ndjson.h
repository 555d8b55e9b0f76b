/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Frames as JSON, for people and tests. 64-bit numbers are text: JSON readers would round them. */
#ifndef HOP_NDJSON_H
#define HOP_NDJSON_H

#include "hop.h"
#include "text.h"

/* Adds one line with its end. A hello's body is a JSON object in a zero-terminated text. */
void ndjson_line(struct text *line, enum hop_frame_kind kind, const void *body);

#endif
