/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What is told of a leg, and which packets need to be looked up. */
#ifndef HOP_LEG_TELL_BPF_H
#define HOP_LEG_TELL_BPF_H

#define WAITING_BUCKETS 65536

/*
 * How many legs of a bucket still wait for an ACK or for payload. A packet without SYN, FIN or RST whose bucket has
 * none is passed over before any look-up: bulk data costs little more than the parsing. Entries that the map evicted
 * stay counted, which costs look-ups and nothing else.
 */
u32 waiting[WAITING_BUCKETS];

static __always_inline void set_waiting(struct hop_leg *leg, u64 key)
{
	leg->flags |= HOP_LEG_WAITING;
	__sync_fetch_and_add(&waiting[key % WAITING_BUCKETS], 1);
}

static __always_inline void clear_waiting(struct hop_leg *leg, u64 key)
{
	if (!(leg->flags & HOP_LEG_WAITING))
		return;
	leg->flags &= ~HOP_LEG_WAITING;
	__sync_fetch_and_add(&waiting[key % WAITING_BUCKETS], -1);
}

#include "exchange.bpf.h"

static __always_inline void tell_leg(struct hop_leg *leg, u64 now)
{
	struct leg_frame *frame = ring_reserve(sizeof(*frame), HOP_FRAME_LEG);

	if (!frame)
		return;
	leg->at_ns = now;
	__builtin_memcpy(&frame->body, leg, sizeof(frame->body));
	ring_submit(frame);
}

/* The last word of a leg. */
static __always_inline void tell_end(struct hop_leg_entry *entry, u64 now)
{
	struct leg_exchange_frames *frames;

	if (!settings.exchanges || !entry->turn.response_ns || !(entry->leg.flags & HOP_LEG_SERVER_ISN)) {
		tell_leg(&entry->leg, now);
		return;
	}
	frames = ring_reserve(sizeof(*frames), HOP_FRAME_LEG);
	if (!frames)
		return;
	if (!hop_exchange_of(&frames->exchange.body, entry, now, 0)) {
		bpf_ringbuf_discard(frames, BPF_RB_NO_WAKEUP);
		return;
	}
	frames->exchange.body.left_out = left_out;
	frames->leg.head.size = sizeof(frames->leg);
	fill_head(&frames->exchange.head, sizeof(frames->exchange), HOP_FRAME_EXCHANGE);
	entry->leg.at_ns = now;
	__builtin_memcpy(&frames->leg.body, &entry->leg, sizeof(frames->leg.body));
	ring_submit(frames);
}

static __always_inline void tell_ripe_leg(struct hop_leg *leg, u64 now)
{
	if (now - leg->syn_ns >= HOP_RIPE_NS)
		tell_leg(leg, now);
}

/* key 0: there is no such leg after all. */
static __always_inline void tell_opened(const struct hop_leg *leg, u64 key)
{
	struct opened_frame *frame = ring_reserve(sizeof(*frame), HOP_RING_OPENED);

	if (!frame)
		return;
	frame->body.id = leg->id;
	frame->body.key = key;
	frame->body.syn_ns = leg->syn_ns;
	ring_submit(frame);
}

#endif
