/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What libbpf and the verifier say, of which one line is kept to explain a failure. */
#ifndef HOP_MESSAGES_H
#define HOP_MESSAGES_H

#include <stdbool.h>

/* With is_verbose everything goes to standard error, too. */
void messages_start(bool is_verbose);
/* Forgets what an earlier load left. */
void messages_clear(void);
/* The verifier's complaint, else the last warning; empty if there was none. */
const char *messages_last(void);

#endif
