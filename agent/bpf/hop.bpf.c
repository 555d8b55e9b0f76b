// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What the kernel tells hoptrace: a summary of each connection at each tap (leg.bpf.h), and at once what may explain
 * why a SYN is not answered. These programs decide nothing.
 *
 *   netif_receive_skb   every packet that any device of any network namespace receives; no conntrack yet
 *   net_dev_queue       every packet that is sent; skb->_nfct tells both tuples on the very first SYN
 *   kfree_skb           why a SYN was thrown away
 *
 * Only tp_btf programs: kprobes and fentry are off on hardened kernels, and typed reads cost half.
 */
#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "settings.h"
#include "maps.bpf.h"
#include "compat.bpf.h"
#include "packet.bpf.h"
#include "device.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Where a packet was seen. dev may be a plain address: read it with BPF_CORE_READ only. */
struct tap {
	u32 netns;
	u32 ifindex;
	struct net_device *dev;
	u8 type;
	u8 device_kind;
};

/*
 * The same for both directions of a connection at a device: the hash of the tuple as received packets have it. A router
 * with one interface sees a SYN come and go there: the way it goes makes two legs of it.
 */
static __always_inline u64 leg_key(const struct tap *tap, const struct headers *h)
{
	bool is_rx = tap->type == HOP_RX;
	const u64 *near = is_rx ? h->src : h->dst, *far = is_rx ? h->dst : h->src;
	u32 ports = is_rx ? (u32)h->sport << 16 | h->dport : (u32)h->dport << 16 | h->sport;
	u64 key = mix(settings.hash_seed ^ ((u64)tap->netns << 32 | tap->ifindex), ports);

	if (h->family == 6)
		key = mix(mix(key, near[0]), far[0]);
	return mix(mix(key, near[1]), far[1]);
}

#include "leg.bpf.h"

static __always_inline void fill_conntrack(struct hop_packet *record, struct sk_buff *skb)
{
	struct nf_conn *ct = conntrack_of(skb);

	record->ct_status = 0;
	if (!ct) {
		__builtin_memset(&record->original, 0, 2 * sizeof(struct hop_tuple));
		return;
	}
	record->ct_status = (u32)BPF_CORE_READ(ct, status) | HOP_CT_PRESENT;
	fill_conntrack_tuple(&record->original, &ct->tuplehash[0].tuple, record->family);
	fill_conntrack_tuple(&record->reply, &ct->tuplehash[1].tuple, record->family);
}

/* A sign of why a SYN was not answered: told at once. */
static __always_inline void tell_packet(const struct tap *tap, struct sk_buff *skb, const struct headers *h)
{
	struct packet_frame *frame;
	struct hop_packet *record;

	frame = ring_reserve(sizeof(*frame), HOP_FRAME_PACKET);
	if (!frame)
		return;
	record = &frame->body;
	record->ts_ns = bpf_ktime_get_ns();
	record->netns = tap->netns;
	record->ifindex = tap->ifindex;
	record->seq = h->seq;
	record->reason = h->reason;
	record->type = tap->type;
	record->family = h->family;
	record->ttl = h->ttl;
	record->device_kind = tap->device_kind;
	record->zero = 0;
	fill_tuple(&record->tuple, h);
	fill_conntrack(record, skb);
	ring_submit(frame);
}

static __always_inline void handle_packet(struct tap *tap, struct sk_buff *skb, const u8 *head, const u8 *l3,
					  u32 tail)
{
	struct headers h = {};
	union ip_bytes ip;
	const u8 *l4;
	u64 key;

	if (!parse_ip(l3, &ip, &h))
		return;
	l4 = l3 + h.l4_offset;
	if ((u64)(l4 + 8 - head) > tail) /* headers in page fragments: no driver we know leaves them there */
		return;
	if (h.protocol == IPPROTO_TCP) {
		COUNT(packets_seen);
		if (!parse_tcp(l4, &ip, &h))
			return;
		key = leg_key(tap, &h);
		if ((h.tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN)
			on_syn(tap, skb, &h, key);
		else
			on_segment(tap, skb, &h, key);
		return;
	}
	if (h.protocol != (h.family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) || !parse_icmp_error(l4, &h))
		return;
	tap->type = tap->type == HOP_RX ? HOP_ICMP_RX : HOP_ICMP_TX;
	tell_packet(tap, skb, &h);
}

static __always_inline bool is_ip(u16 protocol)
{
	return protocol == bpf_htons(ETH_P_IP) || protocol == bpf_htons(ETH_P_IPV6);
}

static __always_inline int on_packet(struct sk_buff *skb, u8 type)
{
	struct tap tap = { .type = type };
	struct net_device *dev = skb->dev;
	const u8 *head = skb->head;
	u8 verdict;

	if (!dev)
		return 0;
	tap.netns = dev->nd_net.net->ns.inum;
	tap.ifindex = dev->ifindex;
	verdict = device_verdict(dev, tap.netns, tap.ifindex);
	if (!verdict || !is_ip(skb->protocol))
		return 0;
	tap.dev = dev;
	tap.device_kind = verdict & ~DEVICE_IS_TAP;
	/* On receipt the network header is not set yet, and data points at it. */
	handle_packet(&tap, skb, head, type == HOP_RX ? skb->data : head + skb->network_header, skb->tail);
	return 0;
}

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(on_receive, struct sk_buff *skb)
{
	return on_packet(skb, HOP_RX);
}

SEC("tp_btf/net_dev_queue")
int BPF_PROG(on_transmit, struct sk_buff *skb)
{
	return on_packet(skb, HOP_TX);
}

/* A packet dropped in the OUTPUT chain has no device yet, only the route's. */
static __always_inline struct net_device *device_of_dropped(struct sk_buff *skb)
{
	struct net_device *dev = BPF_CORE_READ(skb, dev);
	struct dst_entry *dst;

	if (dev)
		return dev;
	dst = (struct dst_entry *)(BPF_CORE_READ(skb, _skb_refdst) & ~1ul);
	return dst ? BPF_CORE_READ(dst, dev) : NULL;
}

/* A switch flooded a copy to an interface whose machine is not the receiver: no hop of the connection. */
static __always_inline void withdraw_copy(struct tap *tap, const struct headers *h)
{
	struct hop_leg_entry *entry;
	u64 key;

	tap->type = HOP_RX;
	key = leg_key(tap, h);
	entry = bpf_map_lookup_elem(&legs, &key);
	if (!entry || entry->leg.client_isn != h->seq)
		return;
	clear_waiting(&entry->leg, key);
	clear_talking(&entry->leg, key);
	tell_opened(&entry->leg, 0);
	bpf_map_delete_elem(&legs, &key);
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(on_drop, struct sk_buff *skb, void *location, u32 reason)
{
	struct tap tap = { .type = HOP_DROP };
	bool is_copy = is_copy_drop(reason);
	struct headers h = {};
	struct net_device *dev;
	const u8 *head, *l4;
	union ip_bytes ip;

	if ((!is_copy && !is_real_drop(reason)) || !is_ip(skb->protocol))
		return 0;
	dev = device_of_dropped(skb);
	if (!dev || BPF_CORE_READ(dev, flags) & IFF_LOOPBACK)
		return 0;
	tap.netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	if (!is_allowed(tap.netns))
		return 0;
	tap.ifindex = BPF_CORE_READ(dev, ifindex);
	tap.dev = dev;
	head = skb->head;
	if (!parse_ip(head + skb->network_header, &ip, &h) || h.protocol != IPPROTO_TCP)
		return 0;
	l4 = head + skb->network_header + h.l4_offset;
	if (!parse_tcp(l4, &ip, &h) || (h.tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) != TCP_FLAG_SYN)
		return 0;
	if (is_copy) {
		withdraw_copy(&tap, &h);
		return 0;
	}
	COUNT(drops_seen);
	tap.device_kind = device_kind(dev);
	h.reason = reason;
	tell_packet(&tap, skb, &h);
	return 0;
}

#include "proxy_header.bpf.h"
#include "payload.bpf.h"
#include "proxy_links.bpf.h"
