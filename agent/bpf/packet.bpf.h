/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Reading a packet's headers. */
#ifndef HOP_PACKET_BPF_H
#define HOP_PACKET_BPF_H

#define IPV4_MAPPED 0xffff0000ull /* bytes 8..11 of ::ffff:0:0/96, little endian */
#define IPV4_BYTES 20 /* without options */
#define IPV6_EXTENSIONS_MAX 4
#define NEXTHDR_HOP 0
#define NEXTHDR_ROUTING 43
#define NEXTHDR_DEST 60

struct headers {
	u64 src[2];
	u64 dst[2];
	u16 sport; /* network order */
	u16 dport;
	u32 seq;
	u32 ack;
	u32 l4_offset; /* from the network header */
	u32 ip_bytes;  /* network header included; 0: too long for the header's field (BIG TCP) */
	u32 payload_bytes;
	u32 reason; /* ICMP: type << 8 | code */
	u8 family;
	u8 protocol;
	u8 tcp_flags;
	u8 ttl;
};

union ip_bytes {
	u8 byte[40];
	u32 word[10];
	u64 quad[5];
};

static __always_inline u32 be16_at(const union ip_bytes *ip, u32 offset)
{
	return (u32)ip->byte[offset] << 8 | ip->byte[offset + 1];
}

static __always_inline bool parse_ipv4(const union ip_bytes *ip, struct headers *h)
{
	if (be16_at(ip, 6) & 0x1fff) /* a later fragment has no TCP header */
		return false;
	h->src[0] = 0;
	h->src[1] = IPV4_MAPPED | (u64)ip->word[3] << 32;
	h->dst[0] = 0;
	h->dst[1] = IPV4_MAPPED | (u64)ip->word[4] << 32;
	h->l4_offset = (ip->byte[0] & 15) * 4;
	h->ip_bytes = be16_at(ip, 2);
	h->protocol = ip->byte[9];
	h->ttl = ip->byte[8];
	h->family = 4;
	return true;
}

static __always_inline bool parse_ipv6(const u8 *l3, const union ip_bytes *ip, struct headers *h)
{
	u8 extension[2];
	u32 payload = be16_at(ip, 4);

	h->src[0] = ip->quad[1];
	h->src[1] = ip->quad[2];
	h->dst[0] = ip->quad[3];
	h->dst[1] = ip->quad[4];
	h->l4_offset = 40;
	h->ip_bytes = payload ? 40 + payload : 0;
	h->protocol = ip->byte[6];
	h->ttl = ip->byte[7];
	h->family = 6;
#pragma unroll
	for (int i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
		if (h->protocol != NEXTHDR_HOP && h->protocol != NEXTHDR_ROUTING && h->protocol != NEXTHDR_DEST)
			break;
		if (bpf_probe_read_kernel(extension, sizeof(extension), l3 + h->l4_offset))
			return false;
		h->protocol = extension[0];
		h->l4_offset += (extension[1] + 1) * 8;
	}
	return true;
}

/*
 * Reads 40 bytes, which every IPv6 header, and every IPv4 header with TCP or an ICMP error behind it, has. They stay in
 * `ip`: behind an IPv4 header without options they hold the whole of TCP's.
 */
static __always_inline bool parse_ip(const u8 *l3, union ip_bytes *ip, struct headers *h)
{
	if (bpf_probe_read_kernel(ip, sizeof(*ip), l3))
		return false;
	if (ip->byte[0] >> 4 == 4)
		return parse_ipv4(ip, h);
	return ip->byte[0] >> 4 == 6 && parse_ipv6(l3, ip, h);
}

static __always_inline bool parse_tcp(const u8 *l4, const union ip_bytes *ip, struct headers *h)
{
	struct tcphdr tcp;
	u32 headers_bytes;

	if (h->family == 4 && h->l4_offset == IPV4_BYTES)
		__builtin_memcpy(&tcp, ip->byte + IPV4_BYTES, sizeof(tcp));
	else if (bpf_probe_read_kernel(&tcp, sizeof(tcp), l4))
		return false;
	headers_bytes = h->l4_offset + (tcp.data_offset >> 4) * 4;
	h->sport = tcp.source;
	h->dport = tcp.dest;
	h->seq = bpf_ntohl(tcp.seq);
	h->ack = bpf_ntohl(tcp.ack_seq);
	h->tcp_flags = tcp.flags;
	if (!h->ip_bytes)
		h->payload_bytes = 0xffff;
	else
		h->payload_bytes = h->ip_bytes > headers_bytes ? h->ip_bytes - headers_bytes : 0;
	return true;
}

static __always_inline bool is_icmp_error(u8 family, u8 type)
{
	if (family == 4)
		return type == 3 || type == 11; /* unreachable, time exceeded */
	return type >= 1 && type <= 4;          /* the same, packet too big, parameter problem */
}

/*
 * An ICMP error that quotes TCP: addresses, ports and seq become those of the quoted packet, of which only
 * eight bytes of TCP are certain (RFC 792). ttl stays that of the ICMP packet.
 */
static __always_inline bool parse_icmp_error(const u8 *l4, struct headers *h)
{
	u8 type_code[2], ttl = h->ttl;
	union ip_bytes quoted;
	struct {
		u16 sport, dport;
		u32 seq;
	} tcp;

	if (bpf_probe_read_kernel(type_code, sizeof(type_code), l4) || !is_icmp_error(h->family, type_code[0]))
		return false;
	if (!parse_ip(l4 + 8, &quoted, h) || h->protocol != IPPROTO_TCP)
		return false;
	if (bpf_probe_read_kernel(&tcp, sizeof(tcp), l4 + 8 + h->l4_offset))
		return false;
	h->sport = tcp.sport;
	h->dport = tcp.dport;
	h->seq = bpf_ntohl(tcp.seq);
	h->reason = (u32)type_code[0] << 8 | type_code[1];
	h->ttl = ttl;
	return true;
}

static __always_inline void fill_tuple(struct hop_tuple *tuple, const struct headers *h)
{
	__builtin_memcpy(tuple->src, h->src, 16);
	__builtin_memcpy(tuple->dst, h->dst, 16);
	tuple->sport = bpf_ntohs(h->sport);
	tuple->dport = bpf_ntohs(h->dport);
}

static __always_inline void fill_address(u8 *address, const union nf_inet_addr *from, u8 family)
{
	if (family == 6) {
		__builtin_memcpy(address, from, 16);
		return;
	}
	__builtin_memset(address, 0, 10);
	address[10] = address[11] = 0xff;
	__builtin_memcpy(address + 12, from, 4);
}

static __always_inline void fill_conntrack_tuple(struct hop_tuple *tuple, const struct nf_conntrack_tuple *from,
						 u8 family)
{
	union nf_inet_addr src = {}, dst = {};

	BPF_CORE_READ_INTO(&src, from, src.u3);
	BPF_CORE_READ_INTO(&dst, from, dst.u3);
	fill_address(tuple->src, &src, family);
	fill_address(tuple->dst, &dst, family);
	tuple->sport = bpf_ntohs(BPF_CORE_READ(from, src.u.all));
	tuple->dport = bpf_ntohs(BPF_CORE_READ(from, dst.u.all));
}

#endif
