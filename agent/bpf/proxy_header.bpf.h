/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The PROXY header with which a connection begins (haproxy's doc/proxy-protocol.txt). Only
 * the header itself leaves the kernel here, never the bytes behind it; see payload.bpf.h for what else may.
 *
 *   v1  "PROXY TCP4 203.0.113.10 203.0.113.2 51234 443\r\n", at most 107 bytes
 *   v2  \r\n\r\n\0\r\nQUIT\n, version/command, family, u16 length (big endian), addresses, TLVs
 */
#ifndef HOP_PROXY_HEADER_BPF_H
#define HOP_PROXY_HEADER_BPF_H

#define PROXY_V1_MAX 107
#define PROXY_V2_FIXED 16
#define PROXY_V1_START 0x2059584f5250ull       /* "PROXY ", little endian: there is no memcmp in a program */
#define PROXY_V1_START_MASK 0xffffffffffffull
#define PROXY_V2_START 0x510a0d000a0d0a0dull   /* \r\n\r\n\0\r\nQ */
#define PROXY_V2_START_END 0x0a544955u         /* UIT\n */

union payload_start {
	u8 byte[PROXY_V2_FIXED];
	u32 word[4];
	u64 quad[2];
};

struct segment {
	u64 src[2];
	u64 dst[2];
	struct tcphdr tcp;
	u32 payload_offset;
	u32 payload_bytes;
};

static __always_inline bool load_tcp(struct __sk_buff *skb, u32 offset, struct segment *segment)
{
	if (bpf_skb_load_bytes(skb, offset, &segment->tcp, sizeof(segment->tcp)))
		return false;
	segment->payload_offset = offset + (segment->tcp.data_offset >> 4) * 4;
	segment->payload_bytes = skb->len > segment->payload_offset ? skb->len - segment->payload_offset : 0;
	return true;
}

static __always_inline bool load_segment(struct __sk_buff *skb, struct segment *segment)
{
	union ip_bytes ip = {};
	struct headers h = {};

	if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
		return false;
	if (ip.byte[0] >> 4 == 4) {
		if (!parse_ipv4(&ip, &h))
			return false;
	} else {
		h.src[0] = ip.quad[1];
		h.src[1] = ip.quad[2];
		h.dst[0] = ip.quad[3];
		h.dst[1] = ip.quad[4];
		h.protocol = ip.byte[6];
		h.l4_offset = 40;
	}
	if (h.protocol != IPPROTO_TCP)
		return false;
	__builtin_memcpy(segment->src, h.src, sizeof(h.src));
	__builtin_memcpy(segment->dst, h.dst, sizeof(h.dst));
	return load_tcp(skb, h.l4_offset, segment);
}

/*
 * True for the first payload of a connection. When data rides on the handshake's last ACK (haproxy does
 * that) the filter still runs for the listening socket.
 */
static __always_inline bool is_first_payload(struct tcp_sock *tcp)
{
	return tcp->inet_conn.icsk_inet.sk.__sk_common.skc_state == TCP_LISTEN || tcp->bytes_received == 0;
}

/* Length of the v1 line with its line end, 0 where it is none; the rest of bytes is wiped. */
static __always_inline u32 end_of_v1(u8 *bytes, u32 available)
{
	u32 end = 0;

	for (u32 i = 1; i < HOP_PROXY_BYTES; i++) {
		if (end)
			bytes[i] = 0;
		else if (i < available && i < PROXY_V1_MAX && bytes[i - 1] == '\r' && bytes[i] == '\n')
			end = i + 1;
	}
	return end;
}

static __always_inline bool is_v1(const union payload_start *start)
{
	return (start->quad[0] & PROXY_V1_START_MASK) == PROXY_V1_START;
}

static __always_inline bool is_v2(const union payload_start *start)
{
	return start->quad[0] == PROXY_V2_START && start->word[2] == PROXY_V2_START_END && start->byte[12] >> 4 == 2;
}

/* Fills record->bytes and returns how many of them are the header; 0: no whole header in this segment. */
static __always_inline u32 load_header(struct __sk_buff *skb, const struct segment *segment,
				       struct hop_proxy_header *record, const union payload_start *start)
{
	u32 want = segment->payload_bytes;

	if (is_v2(start))
		want = PROXY_V2_FIXED + ((u32)start->byte[14] << 8 | start->byte[15]);
	if (want > segment->payload_bytes)
		want = segment->payload_bytes;
	if (want > HOP_PROXY_BYTES)
		want = HOP_PROXY_BYTES;
	asm volatile("" : "+r"(want)); /* keeps the bounds check next to the call, where the verifier needs it */
	if (want < PROXY_V2_FIXED - 1 || want > HOP_PROXY_BYTES)
		return 0;
	__builtin_memset(record->bytes, 0, sizeof(record->bytes));
	if (bpf_skb_load_bytes(skb, segment->payload_offset, record->bytes, want))
		return 0;
	return is_v2(start) ? want : end_of_v1(record->bytes, want);
}

static __always_inline void emit_proxy_header(struct __sk_buff *skb, const struct segment *segment, u32 netns,
					      const union payload_start *start)
{
	struct proxy_header_frame *frame = ring_reserve(sizeof(*frame), HOP_FRAME_PROXY);
	struct hop_proxy_header *record;

	if (!frame)
		return;
	record = &frame->body;
	record->captured_bytes = load_header(skb, segment, record, start);
	if (!record->captured_bytes) {
		bpf_ringbuf_discard(frame, BPF_RB_NO_WAKEUP);
		return;
	}
	record->ts_ns = bpf_ktime_get_ns();
	record->netns = netns;
	record->seq = bpf_ntohl(segment->tcp.seq);
	record->ack = bpf_ntohl(segment->tcp.ack_seq);
	record->zero = 0;
	__builtin_memcpy(record->tuple.src, segment->src, 16);
	__builtin_memcpy(record->tuple.dst, segment->dst, 16);
	record->tuple.sport = bpf_ntohs(segment->tcp.source);
	record->tuple.dport = bpf_ntohs(segment->tcp.dest);
	ring_submit(frame);
}

/* Always lets the packet pass. */
SEC("cgroup_skb/ingress")
int on_socket_ingress(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct segment segment = {};
	struct tcp_sock *tcp;
	union payload_start start = {};
	u32 netns;

	if (!sk)
		return 1;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp || !is_first_payload(tcp))
		return 1;
	netns = tcp->inet_conn.icsk_inet.sk.__sk_common.skc_net.net->ns.inum;
	if (!is_allowed(netns) || !load_segment(skb, &segment) || segment.payload_bytes < PROXY_V2_FIXED - 1)
		return 1;
	/* The shortest v1 line, "PROXY UNKNOWN\r\n", has 15 bytes. */
	if (segment.payload_bytes < PROXY_V2_FIXED) {
		if (bpf_skb_load_bytes(skb, segment.payload_offset, &start, PROXY_V2_FIXED - 1))
			return 1;
	} else if (bpf_skb_load_bytes(skb, segment.payload_offset, &start, PROXY_V2_FIXED)) {
		return 1;
	}
	if (is_v1(&start) || is_v2(&start))
		emit_proxy_header(skb, &segment, netns, &start);
	return 1;
}

#endif
