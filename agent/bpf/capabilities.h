/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef HOP_CAPABILITIES_H
#define HOP_CAPABILITIES_H

#include <stdbool.h>
#include <stddef.h>

/* Whether eBPF may be loaded; else the names of what is missing. */
bool capabilities_suffice(char *missing, size_t size);
/* Gives up, for good, all but what reading maps and entering namespaces takes, and if wanted what reading conntrack takes. */
void capabilities_drop(bool keeps_net_admin);

#endif
