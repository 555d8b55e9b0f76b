/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Standard output: frames as in hop.h, or one JSON document a line. */
#ifndef HOP_OUTPUT_H
#define HOP_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include "hop.h"

struct output {
	bool want_json;
	bool is_closed; /* the reader went away, or is too slow for a stop */
	size_t used;
	unsigned char buffer[1 << 16];
};

/* Set by signal handlers: a write that would block is given up. */
extern volatile int output_give_up;

/* Body as in hop.h for this kind; a hello's body is JSON text. Blocks while the pipe is full. */
void output_frame(struct output *output, enum hop_frame_kind kind, const void *body, size_t bytes);
void output_flush(struct output *output);

#endif
