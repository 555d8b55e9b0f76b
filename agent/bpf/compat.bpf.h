/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Everything that differs between kernels, in one place. What a whole program needs (a tracepoint, a
 * helper) is decided by the loader, which leaves the program out: see programs.c.
 */
#ifndef HOP_COMPAT_BPF_H
#define HOP_COMPAT_BPF_H

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "records are little endian and built for amd64 and arm64"
#endif

/*
 * Reasons that do not mean a lost packet. Their numbers moved: SKB_NOT_DROPPED_YET came in 5.18, SKB_CONSUMED in 6.2.
 * OTHERHOST is the copy of a flooded frame that another station's interface threw away. NOT_SPECIFIED may be a copy,
 * too, and may be all that is said of a SYN that met a route of type blackhole or prohibit (6.18): the agent judges.
 * Resolved by name from the running kernel's BTF.
 */
#define HOP_REASON_IS(reason, name)                                     \
	(bpf_core_enum_value_exists(enum skb_drop_reason, name) &&      \
	 (reason) == (u32)bpf_core_enum_value(enum skb_drop_reason, name))

static __always_inline bool is_copy_drop(u32 reason)
{
	return HOP_REASON_IS(reason, SKB_DROP_REASON_OTHERHOST);
}

static __always_inline bool is_real_drop(u32 reason)
{
	return !HOP_REASON_IS(reason, SKB_NOT_DROPPED_YET) && !HOP_REASON_IS(reason, SKB_CONSUMED) &&
	       !is_copy_drop(reason);
}

/*
 * The other end of a cable (veth pair), or NULL. struct veth_priv begins with it (e314dbdc1c0d, 2.6.24) and lies behind
 * net_device, 32 bytes aligned; since 13cabc47f8ae (6.10) a field says where. Believed only if it points back.
 */
static __always_inline struct net_device *cable_peer(struct net_device *dev)
{
	u64 offset = (bpf_core_type_size(struct net_device) + 31) & ~31ull;
	struct net_device *peer = NULL, *back = NULL;

	if (bpf_core_field_exists(dev->priv))
		offset = bpf_core_field_offset(dev->priv);
	if (bpf_probe_read_kernel(&peer, sizeof(peer), (u8 *)dev + offset) || !peer)
		return NULL;
	if (bpf_probe_read_kernel(&back, sizeof(back), (u8 *)peer + offset) || back != dev)
		return NULL;
	return BPF_CORE_READ(peer, rtnl_link_ops) == BPF_CORE_READ(dev, rtnl_link_ops) ? peer : NULL;
}

/*
 * The conntrack entry of a packet, or NULL. nf_conntrack is a module on most distributions: its types are
 * then in the module's BTF and absent when it is not loaded. The low three bits hold enum ip_conntrack_info
 * (a9e419dc7be6, 4.11).
 */
static __always_inline struct nf_conn *conntrack_of(struct sk_buff *skb)
{
	if (!settings.conntrack || !bpf_core_type_exists(struct nf_conn) || !bpf_core_field_exists(skb->_nfct))
		return NULL;
	return (struct nf_conn *)(BPF_CORE_READ(skb, _nfct) & ~7ul);
}

#endif
