/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* One netlink message about a conntrack entry. */
#ifndef HOP_CONNTRACK_MESSAGE_H
#define HOP_CONNTRACK_MESSAGE_H

#include <libmnl/libmnl.h>

#include "hop.h"

enum conntrack_message {
	CONNTRACK_TCP,
	CONNTRACK_OTHER,      /* another protocol: nothing to tell */
	CONNTRACK_UNREADABLE,
};

/* Fills all of the entry but at_ns and netns. HOP_CT_OLD is an entry of a dump. */
enum conntrack_message conntrack_parse(const struct nlmsghdr *message, struct hop_conntrack *entry);

#endif
