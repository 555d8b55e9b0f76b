/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef HOP_INTERFACES_H
#define HOP_INTERFACES_H

#include "text.h"

/* Adds the interfaces of the current network namespace to a JSON list. */
void interfaces_describe(struct text *json);

#endif
