/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Requests and responses of a connection at a tap, from sequence numbers and acknowledgements alone.
 *
 *   request ─► response ─► request: the exchange before is told ─► response ─► FIN: told with the leg
 *
 * An exchange that nothing follows is looked at by the loader: with its leg, or where that is long told, after a note.
 */
#ifndef HOP_EXCHANGE_BPF_H
#define HOP_EXCHANGE_BPF_H

#define WINDOW_SHIFT 30 /* 1.07 s, the same for all connections: what is told of one is told of its neighbours */
#define TOLD_PER_WINDOW 32
#define LEFT_OUT_STRIDE 32 /* of those beyond, every so many: by number, so that all taps tell the same */

#define SLICE_SHIFT 26 /* 67 ms of CLOCK_REALTIME: about the same on all nodes, and longer than most requests */

/* Exchanges that were left out, of whatever leg; exact. Each one told carries the number. */
u32 left_out;

static __always_inline void count_left_out(void)
{
	__sync_fetch_and_add(&left_out, 1);
}

/*
 * Many new connections: those of some slices of time tell their first exchange, whole, so that what meets in one path
 * is told or left out together. A leg that does not tell costs nothing more.
 */
static __always_inline bool tells_exchanges(u64 now)
{
	u32 slice = (now + control.realtime_minus_monotonic_ns) >> SLICE_SHIFT;

	if (!settings.exchanges)
		return false;
	if (settings.exchanges != HOP_EXCHANGES_FIRST || !(slice & control.slice_mask))
		return true;
	count_left_out();
	return false;
}

/* How many legs of a bucket have an exchange that goes on; see waiting[]. */
u32 talking[WAITING_BUCKETS];

static __always_inline void set_talking(struct hop_leg *leg, u64 key)
{
	if (!(leg->flags & HOP_LEG_TALKING))
		return;
	__sync_fetch_and_add(&talking[key % WAITING_BUCKETS], 1);
}

static __always_inline void clear_talking(struct hop_leg *leg, u64 key)
{
	if (!settings.exchanges || !(leg->flags & HOP_LEG_TALKING))
		return;
	leg->flags &= ~HOP_LEG_TALKING;
	__sync_fetch_and_add(&talking[key % WAITING_BUCKETS], -1);
}

static __always_inline bool is_talking(const struct headers *h, u64 key)
{
	return settings.exchanges && h->payload_bytes && talking[key % WAITING_BUCKETS];
}

static __always_inline void tell_exchange(struct hop_leg_entry *entry, u64 now)
{
	struct exchange_frame *frame = ring_reserve(sizeof(*frame), HOP_FRAME_EXCHANGE);

	if (!frame)
		return;
	if (!hop_exchange_of(&frame->body, entry, now, 0)) {
		bpf_ringbuf_discard(frame, BPF_RB_NO_WAKEUP);
		return;
	}
	frame->body.left_out = left_out;
	ring_submit(frame);
}

static __always_inline bool is_left_out(struct hop_turn *turn, u64 now)
{
	u32 window = now >> WINDOW_SHIFT;

	if (turn->window != window) {
		turn->window = window;
		turn->told_in_window = 0;
	}
	if (turn->told_in_window >= TOLD_PER_WINDOW && turn->burst % LEFT_OUT_STRIDE)
		return true;
	turn->told_in_window++;
	return false;
}

/* On an old leg nobody else would ask for an exchange that nothing follows. */
static __always_inline void note_exchange(struct hop_leg_entry *entry, u64 key, u64 now)
{
	struct opened_frame *frame;

	if (now - entry->leg.syn_ns < HOP_RIPE_NS || now - entry->turn.noted_ns < HOP_NOTE_NS)
		return;
	frame = ring_reserve(sizeof(*frame), HOP_RING_NOTED);
	if (!frame)
		return;
	entry->turn.noted_ns = now;
	frame->body.id = entry->leg.id;
	frame->body.key = key;
	frame->body.syn_ns = now;
	ring_submit(frame);
}

/* How many bytes of a stream a segment shows that nobody saw before; 0 for repetitions. seen counts from isn + 1. */
static __always_inline u32 news_of(const struct headers *h, u32 isn, u64 seen)
{
	u32 beyond = h->seq + h->payload_bytes - (isn + 1) - (u32)seen;

	return beyond < HALF_SPACE ? beyond : 0;
}

/* Whether the client, when it sent this, had acknowledged part of the response. */
static __always_inline bool is_answered(const struct hop_leg_entry *entry, const struct headers *h)
{
	u32 beyond = h->ack - (entry->leg.server_isn + 1) - (u32)entry->turn.response_offset;

	return entry->turn.response_ns && beyond && beyond < HALF_SPACE;
}

static __always_inline void add_request(struct hop_leg_entry *entry, const struct headers *h, u64 key, u64 now)
{
	struct hop_turn *turn = &entry->turn;
	u32 news = news_of(h, entry->leg.client_isn, turn->client_bytes);

	if (!news)
		return;
	if (!turn->burst || is_answered(entry, h)) {
		if (turn->burst && settings.exchanges == HOP_EXCHANGES_FIRST) {
			clear_talking(&entry->leg, key);
			return;
		}
		if (turn->burst) {
			if (is_left_out(turn, now))
				count_left_out();
			else
				tell_exchange(entry, now);
		}
		turn->burst++;
		turn->request_offset = turn->client_bytes;
		turn->response_offset = turn->server_bytes;
		turn->request_ns = now;
		turn->response_ns = 0;
		turn->response_last_ns = 0;
		note_exchange(entry, key, now);
	}
	turn->client_bytes += news;
	turn->request_last_ns = now;
}

static __always_inline void add_response(struct hop_leg_entry *entry, const struct headers *h, u64 key, u64 now)
{
	struct hop_turn *turn = &entry->turn;
	u32 news = news_of(h, entry->leg.server_isn, turn->server_bytes);
	u32 beyond = h->ack - (entry->leg.client_isn + 1) - (u32)turn->request_offset;

	if (!news)
		return;
	/* A greeting, or the rest of a response whose client went on already, answers nothing. */
	if (turn->burst && !turn->response_ns && beyond && beyond < HALF_SPACE) {
		turn->response_offset = turn->server_bytes;
		turn->response_ns = now;
		note_exchange(entry, key, now);
	}
	turn->server_bytes += news;
	if (turn->response_ns)
		turn->response_last_ns = now;
}

static __always_inline void add_to_exchange(struct hop_leg_entry *entry, const struct headers *h, bool is_client,
					    u64 key, u64 now)
{
	if (!h->payload_bytes || !(entry->leg.flags & HOP_LEG_TALKING) || !(entry->leg.flags & HOP_LEG_SERVER_ISN))
		return;
	if (is_client)
		add_request(entry, h, key, now);
	else
		add_response(entry, h, key, now);
}

#endif
