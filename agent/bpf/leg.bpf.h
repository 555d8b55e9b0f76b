/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * One connection at one tap: what its packets add to its entry, and when the entry is told.
 *
 *   SYN ─► entry, loader told that it began ─► SYN-ACK ─► ACK ─► request ─► response ─► FIN, FIN or RST
 *                                                                                        └ told, entry deleted
 *
 * An entry older than HOP_RIPE_NS is told at every stage that it reaches; see hop.h.
 */
#ifndef HOP_LEG_BPF_H
#define HOP_LEG_BPF_H

#define HALF_SPACE 0x80000000u

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536); /* the loader sets it: --flows */
	__type(key, u64);
	__type(value, struct hop_leg_entry);
} legs SEC(".maps");

/* A fresh entry is made here: it is too large for the stack. Packets are handled with softirqs off. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct hop_leg_entry);
} fresh_leg SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} leg_counter SEC(".maps");

#include "leg_tell.bpf.h"

/* Dense, so that the loader can find a leg by its number: CPU 0 gives out 0, n, 2n …, CPU 1 gives out 1, n + 1 … */
static __always_inline u64 next_leg_id(void)
{
	u32 zero = 0;
	u64 *counter = bpf_map_lookup_elem(&leg_counter, &zero);
	u64 id;

	if (!counter)
		return 0;
	id = *counter * settings.cpu_count + bpf_get_smp_processor_id();
	*counter += 1;
	return id;
}

static __always_inline void add_conntrack(struct hop_leg *leg, const struct tap *tap, struct sk_buff *skb)
{
	struct nf_conn *ct;

	if (tap->type != HOP_TX || leg->ct_status)
		return;
	ct = conntrack_of(skb);
	if (!ct)
		return;
	leg->ct_status = (u32)BPF_CORE_READ(ct, status) | HOP_CT_PRESENT;
	/* Literal indices: with a variable one, CO-RE would step by the size that kernel.h gives an element. */
	fill_conntrack_tuple(&leg->original, &ct->tuplehash[0].tuple, leg->family);
	fill_conntrack_tuple(&leg->reply, &ct->tuplehash[1].tuple, leg->family);
}

static __always_inline bool is_shed(const struct headers *h)
{
	u32 hash = h->seq * 0x9E3779B1u;

	return (hash ^ hash >> 15) & control.shed_mask;
}

static __always_inline void open_leg(const struct tap *tap, struct sk_buff *skb, const struct headers *h, u64 key)
{
	u32 zero = 0;
	struct hop_leg_entry *entry = bpf_map_lookup_elem(&fresh_leg, &zero);
	struct hop_leg *leg;

	if (is_shed(h)) {
		COUNT(legs_shed);
		return;
	}
	if (!entry)
		return;
	__builtin_memset(entry, 0, sizeof(*entry));
	leg = &entry->leg;
	leg->id = next_leg_id();
	leg->syn_ns = leg->last_syn_ns = bpf_ktime_get_ns();
	leg->request_ns = h->payload_bytes ? leg->syn_ns : 0;
	leg->netns = tap->netns;
	leg->ifindex = tap->ifindex;
	leg->client_isn = h->seq;
	leg->syn_count = 1;
	leg->syn_payload_bytes = h->payload_bytes > 0xffff ? 0xffff : h->payload_bytes;
	leg->direction = tap->type;
	leg->family = h->family;
	leg->syn_ttl = h->ttl;
	leg->device_kind = tap->device_kind;
	fill_tuple(&leg->tuple, h);
	add_conntrack(leg, tap, skb);
	leg->flags = HOP_LEG_WAITING | (tells_exchanges(leg->syn_ns) ? HOP_LEG_TALKING : 0);
	if (bpf_map_update_elem(&legs, &key, entry, BPF_ANY)) {
		COUNT(map_full);
		return;
	}
	set_waiting(leg, key);
	set_talking(leg, key);
	COUNT(legs_opened);
	tell_opened(leg, key);
}

static __always_inline void on_syn(const struct tap *tap, struct sk_buff *skb, const struct headers *h, u64 key)
{
	struct hop_leg_entry *entry = bpf_map_lookup_elem(&legs, &key);
	struct hop_leg *leg;
	u64 now;

	COUNT(syns_seen);
	if (!entry) {
		open_leg(tap, skb, h, key);
		return;
	}
	leg = &entry->leg;
	now = bpf_ktime_get_ns();
	if (leg->client_isn != h->seq || leg->direction != tap->type) {
		/* The same addresses and ports begin anew: what was there is over, unseen. */
		clear_waiting(leg, key);
		clear_talking(leg, key);
		tell_end(entry, now);
		bpf_map_delete_elem(&legs, &key);
		open_leg(tap, skb, h, key);
		return;
	}
	if (leg->syn_count != 0xffff)
		leg->syn_count++;
	leg->last_syn_ns = now;
	add_conntrack(leg, tap, skb);
	tell_ripe_leg(leg, now);
}

/*
 * Whether a packet in the server's direction answers this very SYN and not an earlier connection of the same tuple.
 * Before the handshake only ISN + 1 will do (plus data that the SYN carried); later any newer ack.
 */
static __always_inline bool is_answer(const struct hop_leg *leg, const struct headers *h)
{
	u32 beyond = h->ack - leg->client_isn;
	bool has_ack = h->tcp_flags & TCP_FLAG_ACK;
	bool is_known = leg->flags & HOP_LEG_SERVER_ISN;

	if (h->tcp_flags & TCP_FLAG_SYN || (h->tcp_flags & TCP_FLAG_RST && !is_known))
		return has_ack && beyond >= 1 && beyond <= 1u + leg->syn_payload_bytes;
	if (h->tcp_flags & TCP_FLAG_RST && !has_ack)
		return is_known;
	return beyond >= 1 && beyond < HALF_SPACE;
}

static __always_inline void on_reset(struct hop_leg_entry *entry, u64 key, u64 now, u8 side)
{
	struct hop_leg *leg = &entry->leg;
	bool is_refusal = side && !(leg->flags & HOP_LEG_SERVER_ISN);

	if (leg->flags & HOP_LEG_RESET)
		return;
	leg->reset_ns = now;
	leg->flags |= HOP_LEG_RESET | side;
	clear_waiting(leg, key);
	tell_end(entry, now);
	/* A refused SYN may be repeated: that is the same leg. */
	if (is_refusal)
		return;
	clear_talking(leg, key);
	bpf_map_delete_elem(&legs, &key);
}

/* The repetition of a refused SYN is answered: the leg waits again. */
static __always_inline void take_back_refusal(struct hop_leg *leg, u64 key)
{
	leg->flags &= ~(HOP_LEG_RESET | HOP_LEG_SERVER_RESET);
	leg->reset_ns = 0;
	set_waiting(leg, key);
}

/*
 * The sequence number of a FIN is the end of its stream, whatever was seen of it. A bare ACK tells nothing that its
 * sender's payload does not, and behind a FIN one too many.
 */
static __always_inline void add_traffic(struct hop_leg *leg, const struct headers *h, bool is_client)
{
	u64 *bytes = is_client ? &leg->client_bytes : &leg->server_bytes;
	u32 isn = is_client ? leg->client_isn : leg->server_isn;
	int beyond;

	if (!is_client && !(leg->flags & HOP_LEG_SERVER_ISN))
		return;
	beyond = (int)(h->seq + h->payload_bytes - (isn + 1) - (u32)*bytes);
	if (beyond > 0)
		*bytes += beyond;
	else if (!h->payload_bytes)
		return;
	else if (is_client)
		leg->client_retransmits++;
	else
		leg->server_retransmits++;
}

/* True where this packet got the leg further. */
static __always_inline bool add_client_packet(struct hop_leg *leg, const struct headers *h, u64 now)
{
	bool is_bare = !h->payload_bytes && !(h->tcp_flags & TCP_FLAG_FIN);
	bool has_ack = h->tcp_flags & TCP_FLAG_ACK;
	bool is_news = false;

	leg->flags |= HOP_LEG_SPOKE_ON;
	/* Where the SYN-ACK came back another way, the handshake's last ACK tells the server's ISN. */
	if (!(leg->flags & HOP_LEG_SERVER_ISN) && is_bare && has_ack && h->seq == leg->client_isn + 1) {
		leg->server_isn = h->ack - 1;
		leg->flags |= HOP_LEG_SERVER_ISN;
	}
	/* The handshake may also end with the first data or FIN, where the client sends no bare ACK. */
	if (!leg->ack_ns && leg->flags & HOP_LEG_SERVER_ISN && has_ack) {
		leg->ack_ns = now;
		is_news = true;
	}
	if (!leg->request_ns && h->payload_bytes)
		leg->request_ns = now;
	if (!leg->client_fin_ns && h->tcp_flags & TCP_FLAG_FIN) {
		leg->client_fin_ns = now;
		is_news = true;
	}
	return is_news;
}

static __always_inline bool add_server_packet(struct hop_leg *leg, const struct headers *h, u64 now)
{
	bool is_news = false;

	if (h->tcp_flags & TCP_FLAG_SYN) {
		if (!(leg->flags & HOP_LEG_SERVER_ISN))
			leg->server_isn = h->seq;
		leg->flags |= HOP_LEG_SERVER_ISN;
		is_news = !leg->syn_ack_ns;
		leg->syn_ack_ns = leg->syn_ack_ns ? leg->syn_ack_ns : now;
	}
	if (!leg->response_ns && h->payload_bytes) {
		leg->response_ns = now;
		is_news = true;
	}
	if (!leg->server_fin_ns && h->tcp_flags & TCP_FLAG_FIN) {
		leg->server_fin_ns = now;
		is_news = true;
	}
	return is_news;
}

static __always_inline void on_segment(const struct tap *tap, struct sk_buff *skb, const struct headers *h, u64 key)
{
	bool is_client, is_news;
	struct hop_leg_entry *entry;
	struct hop_leg *leg;
	u64 now;

	if (!(h->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_FIN | TCP_FLAG_RST)) && !h->payload_bytes &&
	    !waiting[key % WAITING_BUCKETS])
		return;
	entry = bpf_map_lookup_elem(&legs, &key);
	if (!entry)
		return;
	leg = &entry->leg;
	is_client = leg->direction == tap->type;
	if (is_client) {
		u32 beyond = h->seq - leg->client_isn;

		if (h->tcp_flags & TCP_FLAG_SYN || beyond < 1 || beyond >= HALF_SPACE) /* an earlier connection's */
			return;
	} else if (!is_answer(leg, h)) {
		return;
	}
	now = bpf_ktime_get_ns();
	add_conntrack(leg, tap, skb);
	if (h->tcp_flags & TCP_FLAG_RST) {
		leg->flags |= is_client ? HOP_LEG_SPOKE_ON : 0;
		on_reset(entry, key, now, is_client ? 0 : HOP_LEG_SERVER_RESET);
		return;
	}
	if (!is_client && leg->flags & HOP_LEG_RESET)
		take_back_refusal(leg, key);
	is_news = is_client ? add_client_packet(leg, h, now) : add_server_packet(leg, h, now);
	if ((h->payload_bytes || h->tcp_flags & TCP_FLAG_FIN) && !(h->tcp_flags & TCP_FLAG_SYN))
		add_traffic(leg, h, is_client);
	add_to_exchange(entry, h, is_client, key, now);
	if (leg->client_fin_ns && leg->server_fin_ns) {
		clear_waiting(leg, key);
		clear_talking(leg, key);
		tell_end(entry, now);
		bpf_map_delete_elem(&legs, &key);
		return;
	}
	if (leg->ack_ns && leg->request_ns && leg->response_ns)
		clear_waiting(leg, key);
	if (is_news)
		tell_ripe_leg(leg, now);
}

#endif
