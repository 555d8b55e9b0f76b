// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What the kernel tells hoptrace. These programs decide nothing: they pick the few packets that mark a
 * connection's progress (see hop.h) and hand over what is in them and in their conntrack entry.
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
#include "compat.bpf.h"
#include "maps.bpf.h"
#include "packet.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* What a connection already showed at one device in one direction; made by its SYN or SYN-ACK. */
struct flow {
	u32 isn;
	u32 milestones;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, u64);
	__type(value, struct flow);
} flows SEC(".maps");

/* Where a packet was seen. dev may be a plain address: read it with BPF_CORE_READ only. */
struct tap {
	u32 netns;
	u32 ifindex;
	struct net_device *dev;
	u8 type;
};

static __always_inline u64 mix(u64 hash, u64 value)
{
	hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
	return hash ^ hash >> 29;
}

static __always_inline u64 flow_key(const struct tap *tap, u8 type, const u64 *src, const u64 *dst, u32 ports)
{
	u64 key = mix((u64)tap->netns << 32 | tap->ifindex, (u64)type << 32 | ports);

	key = mix(mix(key, src[0]), src[1]);
	return mix(mix(key, dst[0]), dst[1]);
}

static __always_inline u64 forward_key(const struct tap *tap, const struct headers *h)
{
	return flow_key(tap, tap->type, h->src, h->dst, (u32)h->sport << 16 | h->dport);
}

static __always_inline u64 reverse_key(const struct tap *tap, const struct headers *h)
{
	u8 type = tap->type == HOP_RX ? HOP_TX : HOP_RX;

	return flow_key(tap, type, h->dst, h->src, (u32)h->dport << 16 | h->sport);
}

/* Names as little endian numbers: there is no memcmp in a program. */
#define KIND_BRIDGE 0x656764697262ull /* "bridge" */
#define KIND_VETH 0x68746576ull       /* "veth" */

static __always_inline u8 device_kind(struct net_device *dev)
{
	const struct rtnl_link_ops *ops = BPF_CORE_READ(dev, rtnl_link_ops);
	u64 kind = 0; /* the first eight characters */

	if (BPF_CORE_READ(dev, flags) & IFF_LOOPBACK)
		return HOP_DEV_LOOPBACK;
	if (!ops || bpf_probe_read_kernel_str(&kind, sizeof(kind), BPF_CORE_READ(ops, kind)) < 0)
		return HOP_DEV_OTHER;
	if (kind == KIND_BRIDGE)
		return HOP_DEV_BRIDGE;
	return kind == KIND_VETH ? HOP_DEV_VETH : HOP_DEV_OTHER;
}

static __always_inline void fill_conntrack(struct hop_packet *record, struct sk_buff *skb)
{
	struct nf_conn *ct = conntrack_of(skb);

	record->ct_status = 0;
	if (!ct) {
		__builtin_memset(&record->original, 0, 2 * sizeof(struct hop_tuple));
		return;
	}
	record->ct_status = (u32)BPF_CORE_READ(ct, status) | HOP_CT_PRESENT;
	/* Literal indices: with a variable one, CO-RE would step by the size that kernel.h gives an element. */
	fill_conntrack_tuple(&record->original, &ct->tuplehash[0].tuple, record->family);
	fill_conntrack_tuple(&record->reply, &ct->tuplehash[1].tuple, record->family);
}

static __always_inline void emit(const struct tap *tap, struct sk_buff *skb, const struct headers *h, u8 milestones,
				 u8 kind)
{
	struct packet_frame *frame = ring_reserve(sizeof(*frame), HOP_FRAME_PACKET);
	struct net_device *dev = tap->dev;
	struct hop_packet *record;

	if (!frame)
		return;
	record = &frame->body;
	record->ts_ns = bpf_ktime_get_ns();
	record->netns = tap->netns;
	record->ifindex = tap->ifindex;
	record->seq = h->seq;
	record->ack = h->ack;
	record->reason = h->reason;
	record->type = tap->type;
	record->tcp_flags = h->tcp_flags;
	record->milestones = milestones;
	record->family = h->family;
	record->ttl = h->ttl;
	record->device_kind = kind;
	record->payload_bytes = h->payload_bytes > 0xffff ? 0xffff : h->payload_bytes;
	record->zero = 0;
	__builtin_memset(record->ifname, 0, sizeof(record->ifname));
	BPF_CORE_READ_STR_INTO(&record->ifname, dev, name);
	fill_tuple(&record->tuple, h);
	fill_conntrack(record, skb);
	ring_submit(frame);
}

/* A SYN or SYN-ACK: shown each time; opens (or, as a retransmission, keeps) the flow's entry. */
static __always_inline u8 open_flow(u64 key, const struct headers *h)
{
	u8 milestone = h->tcp_flags & TCP_FLAG_ACK ? HOP_M_SYNACK : HOP_M_SYN;
	struct flow *known = bpf_map_lookup_elem(&flows, &key);
	struct flow fresh = { .isn = h->seq };

	if ((!known || known->isn != h->seq) && bpf_map_update_elem(&flows, &key, &fresh, BPF_ANY))
		COUNT(map_full);
	return milestone;
}

/* What this packet shows for the first time, or 0. */
static __always_inline u8 advance_flow(struct flow *flow, const struct headers *h)
{
	u8 fresh = 0;

	if (h->payload_bytes)
		fresh = HOP_M_DATA;
	else if (!(h->tcp_flags & TCP_FLAG_FIN) && !(flow->milestones & HOP_M_DATA))
		fresh = HOP_M_ACK;
	if (h->tcp_flags & TCP_FLAG_FIN)
		fresh |= HOP_M_FIN;
	fresh &= ~flow->milestones;
	flow->milestones |= fresh;
	return fresh;
}

static __always_inline u8 milestones_of(const struct tap *tap, const struct headers *h)
{
	u64 key = forward_key(tap, h);
	struct flow *flow;

	if (h->tcp_flags & TCP_FLAG_SYN)
		return open_flow(key, h);
	flow = bpf_map_lookup_elem(&flows, &key);
	if (h->tcp_flags & TCP_FLAG_RST) {
		u64 reverse = reverse_key(tap, h);

		/* A reset to a flow that nobody watches (a port scan, old connections) says nothing. */
		return flow || bpf_map_lookup_elem(&flows, &reverse) ? HOP_M_RST : 0;
	}
	return flow ? advance_flow(flow, h) : 0;
}

static __always_inline void handle_packet(struct tap *tap, struct sk_buff *skb, const u8 *head, const u8 *l3,
					  u32 tail)
{
	struct headers h = {};
	u8 milestones = 0, kind;
	const u8 *l4;

	if (!parse_ip(l3, &h))
		return;
	l4 = l3 + h.l4_offset;
	if ((u64)(l4 + 8 - head) > tail) /* headers in page fragments: no driver we know leaves them there */
		return;
	if (h.protocol == IPPROTO_TCP) {
		COUNT(packets_seen);
		if (!parse_tcp(l4, &h))
			return;
		milestones = milestones_of(tap, &h);
		if (!milestones)
			return;
	} else if (h.protocol == (h.family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		if (!parse_icmp_error(l4, &h))
			return;
		tap->type = tap->type == HOP_RX ? HOP_ICMP_RX : HOP_ICMP_TX;
	} else {
		return;
	}
	kind = device_kind(tap->dev);
	if (kind != HOP_DEV_BRIDGE)
		emit(tap, skb, &h, milestones, kind);
}

static __always_inline bool is_ip(u16 protocol)
{
	return protocol == bpf_htons(ETH_P_IP) || protocol == bpf_htons(ETH_P_IPV6);
}

/*
 * Loopback and bridge masters are left out: what crosses a bridge shows at its ports, with the same
 * conntrack entry, at half the volume. A refusal on loopback is no hop.
 */
static __always_inline int on_packet(struct sk_buff *skb, u8 type)
{
	struct tap tap = { .type = type };
	struct net_device *dev = skb->dev;
	const u8 *head = skb->head;

	if (!is_ip(skb->protocol) || !dev || dev->flags & IFF_LOOPBACK)
		return 0;
	tap.netns = dev->nd_net.net->ns.inum;
	if (!is_allowed(tap.netns))
		return 0;
	tap.ifindex = dev->ifindex;
	tap.dev = dev;
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

SEC("tp_btf/kfree_skb")
int BPF_PROG(on_drop, struct sk_buff *skb, void *location, u32 reason)
{
	struct tap tap = { .type = HOP_DROP };
	struct headers h = {};
	struct net_device *dev;
	const u8 *head, *l4;

	if (!is_real_drop(reason) || !is_ip(skb->protocol))
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
	if (!parse_ip(head + skb->network_header, &h) || h.protocol != IPPROTO_TCP)
		return 0;
	l4 = head + skb->network_header + h.l4_offset;
	if (!parse_tcp(l4, &h) || (h.tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) != TCP_FLAG_SYN)
		return 0;
	h.reason = reason;
	emit(&tap, skb, &h, HOP_M_SYN, device_kind(dev));
	return 0;
}

#include "proxy_header.bpf.h"
#include "proxy_links.bpf.h"
