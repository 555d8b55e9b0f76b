/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Which entries were there at the start: only their end is told where eBPF tells the rest. */
#ifndef HOP_CONNTRACK_OLD_H
#define HOP_CONNTRACK_OLD_H

#include <stdbool.h>

#include "hop.h"

/* Beyond about 65,000 some are not remembered: nobody is told of their end. */
void conntrack_old_remember(const struct hop_conntrack *entry);
/* Whether it was remembered. */
bool conntrack_old_forget(const struct hop_conntrack *entry);

#endif
