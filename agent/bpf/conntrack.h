/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* conntrack by its own interface: the second source of NAT tuples, and the only one where eBPF is not to be had. */
#ifndef HOP_CONNTRACK_H
#define HOP_CONNTRACK_H

#include <stdbool.h>

#include "hop.h"
#include "namespaces.h"
#include "output.h"

enum conntrack_use {
	CONNTRACK_OLD,  /* what is there at the start, and the end of that; eBPF tells the rest */
	CONNTRACK_NEW,  /* what begins, too: eBPF cannot read the tuples of this kernel */
	CONNTRACK_ONLY, /* everything, each change of state included */
};

struct conntrack_listener;

struct conntrack {
	enum conntrack_use use;
	struct output *output;
	struct conntrack_listener *listener;
	int count;
	struct hop_conntrack_stats stats;
	struct hop_conntrack_stats told;
	u64 listen_until_ns; /* CLOCK_MONOTONIC; 0: for ever */
	char problem[200];   /* why it cannot be had in the last namespace that was tried; empty: it can */
};

/*
 * Listens in the watched namespaces (the node's own where all are watched), so that nothing is missed between this and
 * conntrack_tell_old(). False where not one of them could be listened to. `now_ns` is CLOCK_MONOTONIC.
 */
bool conntrack_start(struct conntrack *conntrack, enum conntrack_use use, const struct namespaces *namespaces,
		     struct output *output, u64 now_ns);
/* The same in namespaces that came since. */
void conntrack_listen(struct conntrack *conntrack, const struct namespaces *namespaces);
/* Tells what the tables hold of namespaces whose table was not told yet. */
void conntrack_tell_old(struct conntrack *conntrack, const struct namespaces *namespaces, u64 now_ns);
/* Tells what has come since. Never waits. */
void conntrack_read(struct conntrack *conntrack, u64 now_ns);
/* Waits until something comes. */
void conntrack_wait(struct conntrack *conntrack, int timeout_ms);
/* Tells the statistics if there is news. */
void conntrack_tell_stats(struct conntrack *conntrack);
void conntrack_stop(struct conntrack *conntrack);

#endif
