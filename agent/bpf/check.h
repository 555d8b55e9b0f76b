/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef HOP_CHECK_H
#define HOP_CHECK_H

#include "options.h"

/*
 * Loads, attaches and detaches everything for real and prints one JSON object: what this host can do and
 * what to change. Returns the exit code that a run would have.
 */
int check_run(const struct options *options);

#endif
