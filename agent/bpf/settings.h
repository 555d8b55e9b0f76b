/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Settings that the loader writes into the object before the verifier sees it. The verifier treats them
 * as constants and removes the code that they switch off.
 */
#ifndef HOP_SETTINGS_H
#define HOP_SETTINGS_H

#include "hop.h"

#define WAKE_BYTES (64u << 10)
#define HOP_SETTINGS_SECTION ".rodata.settings"
#define HOP_CONTROL_SECTION ".data.control" /* written while the programs run */

enum hop_exchanges {
	HOP_EXCHANGES_OFF,
	HOP_EXCHANGES_FIRST, /* of each connection the first */
	HOP_EXCHANGES_ALL,
};

struct hop_settings {
	u32 all_namespaces; /* 0: only those in the map allowed_namespaces */
	u32 wake_bytes;     /* ring data that wakes the reader; it polls every 20 ms anyway */
	u64 hash_seed;      /* so that nobody can choose connections whose keys collide */
	u32 cpu_count;
	u32 host_netns; /* inode of the node's own namespace; 0: not known */
	u32 exchanges;  /* enum hop_exchanges */
	u32 heads;      /* HTTP heads are captured */
	u32 conntrack;  /* its types can be read */
	u32 shared_bytes; /* of the ring: what is above it only drops and ICMP errors may use */
};

_Static_assert(sizeof(struct hop_settings) == 40, "hop_settings");

/* The exchange that goes on: see exchange.bpf.h. */
struct hop_turn {
	u64 request_ns;
	u64 request_last_ns;
	u64 response_ns;
	u64 response_last_ns;
	u64 request_offset;
	u64 response_offset;
	u64 client_bytes; /* that were seen of the whole stream */
	u64 server_bytes;
	u64 noted_ns;       /* the loader was asked to look at it */
	u32 burst;
	u32 window;         /* of the rate limit */
	u32 told_in_window;
	u32 zero;
};

/* In the map legs. */
struct hop_leg_entry {
	struct hop_leg leg;
	struct hop_turn turn;
};

/* The exchange as it stands; false where there is none to tell. */
static inline __attribute__((always_inline)) int hop_exchange_of(struct hop_exchange *exchange,
								 const struct hop_leg_entry *entry, u64 at_ns, u8 flags)
{
	const struct hop_leg *leg = &entry->leg;
	const struct hop_turn *turn = &entry->turn;

	if (!turn->burst || !turn->response_ns || !(leg->flags & HOP_LEG_SERVER_ISN))
		return 0;
	exchange->leg_id = leg->id;
	exchange->at_ns = at_ns;
	exchange->request_ns = turn->request_ns;
	exchange->request_last_ns = turn->request_last_ns;
	exchange->response_ns = turn->response_ns;
	exchange->response_last_ns = turn->response_last_ns;
	exchange->request_offset = turn->request_offset;
	exchange->request_bytes = turn->client_bytes - turn->request_offset;
	exchange->response_offset = turn->response_offset;
	exchange->response_bytes = turn->server_bytes - turn->response_offset;
	exchange->netns = leg->netns;
	exchange->ifindex = leg->ifindex;
	exchange->client_isn = leg->client_isn;
	exchange->server_isn = leg->server_isn;
	exchange->burst = turn->burst;
	exchange->left_out = 0; /* the kernel sets it */
	exchange->direction = leg->direction;
	exchange->device_kind = leg->device_kind;
	exchange->flags = flags;
	__builtin_memset(exchange->zero, 0, sizeof(exchange->zero));
	return 1;
}

/* What the loader changes while the programs run. */
struct hop_control {
	u32 shed_mask;         /* legs whose client ISN, hashed, has one of these bits are not opened */
	u32 device_generation; /* another number makes the programs look at devices anew */
	u64 realtime_minus_monotonic_ns; /* at the start: good enough for slices */
	u32 slice_mask; /* legs that begin in a slice of time with one of these bits have no exchange (HOP_EXCHANGES_FIRST) */
	u32 zero;
};

#endif
