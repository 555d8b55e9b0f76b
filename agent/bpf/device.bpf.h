/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Which devices are taps. Asked for every packet of the machine, so the answer is remembered. */
#ifndef HOP_DEVICE_BPF_H
#define HOP_DEVICE_BPF_H

#define DEVICE_SLOTS 1024
#define DEVICE_IS_TAP 0x80u /* beside it the enum hop_device_kind */

/* Hash of netns and ifindex (48 bits) | generation (8) | verdict (8): one word, so that no CPU reads half of it. */
u64 device_verdicts[DEVICE_SLOTS];

static __always_inline u64 mix(u64 hash, u64 value)
{
	hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
	return hash ^ hash >> 29;
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

/*
 * A Pod's end of a cable whose other end is a tap, too: both show the same packets within microseconds. The end on the
 * machine's side stays: it alone knows conntrack and can tell where a SYN got lost. That is the one in the node's own
 * namespace, or the one that hangs on a bridge (a node in a container, or in a lab).
 */
static __always_inline bool is_redundant(struct net_device *dev, u32 netns)
{
	struct net_device *peer;
	u32 peer_netns;

	if (netns == settings.host_netns)
		return false;
	peer = cable_peer(dev);
	if (!peer)
		return false;
	peer_netns = BPF_CORE_READ(peer, nd_net.net, ns.inum);
	if (peer_netns == netns || !is_allowed(peer_netns))
		return false;
	return peer_netns == settings.host_netns ||
	       (BPF_CORE_READ(peer, rx_handler) && !BPF_CORE_READ(dev, rx_handler));
}

/*
 * Loopback and bridge masters are left out: what crosses a bridge shows at its ports, with the same conntrack entry, at
 * half the volume. A refusal on loopback is no hop.
 */
static __always_inline u8 judge_device(struct net_device *dev, u32 netns)
{
	u8 kind = device_kind(dev);

	if (kind == HOP_DEV_LOOPBACK || kind == HOP_DEV_BRIDGE || !is_allowed(netns))
		return 0;
	return kind == HOP_DEV_VETH && is_redundant(dev, netns) ? 0 : DEVICE_IS_TAP | kind;
}

/* 0: no tap. Else DEVICE_IS_TAP | enum hop_device_kind. */
static __always_inline u8 device_verdict(struct net_device *dev, u32 netns, u32 ifindex)
{
	u64 key = (u64)netns << 32 | ifindex;
	u64 hash = mix(settings.hash_seed, key);
	u64 *slot = &device_verdicts[hash % DEVICE_SLOTS];
	u64 wanted = hash >> 16 << 16 | (u64)(control.device_generation & 0xff) << 8;
	u64 word = *slot;

	if ((word & ~0xffull) != wanted) {
		word = wanted | judge_device(dev, netns);
		*slot = word;
	}
	return (u8)word;
}

#endif
