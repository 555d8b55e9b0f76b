/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the first bytes of a burst say, at the sockets of this machine, sent and received:
 *
 *   TLS   the random of the ClientHello, which is nobody else's and passes TCP proxies unchanged
 *   HTTP  the head's first HOP_HEAD_BYTES, where that was asked for (--heads); the agent keeps hashes of two ids of it
 *
 * seq and ack of the packet tell which exchange at which taps it belongs to: neither NAT nor a hop changes them.
 */
#ifndef HOP_PAYLOAD_BPF_H
#define HOP_PAYLOAD_BPF_H

#define HELLO_BYTES 43 /* record (5), handshake (4), version (2), random (32) */
#define HELLO_RANDOM 11
#define PROXY_HEADER_MAX 232 /* with the TLVs that are in use */
#define HEAD_BYTES_MIN 16
#define PACKET_BYTES_MIN (40 + HEAD_BYTES_MIN) /* most packets are shorter: bare ACKs and handshakes */

union hello_start {
	u8 byte[HELLO_BYTES + 5];
	u32 word[(HELLO_BYTES + 5) / 4];
};

struct payload {
	u32 netns;
	u32 start_seq; /* of the first byte behind the SYN */
	u32 passed;    /* bytes of the stream before this packet */
	struct segment segment;
};

static __always_inline void tell_flight(const struct payload *payload, const union hello_start *start)
{
	struct flight_frame *frame = ring_reserve(sizeof(*frame), HOP_FRAME_FLIGHT);

	if (!frame)
		return;
	frame->body.ts_ns = bpf_ktime_get_ns();
	frame->body.netns = payload->netns;
	frame->body.seq = payload->start_seq;
	frame->body.ack = bpf_ntohl(payload->segment.tcp.ack_seq);
	frame->body.zero = 0;
	__builtin_memcpy(frame->body.random, start->byte + HELLO_RANDOM, sizeof(frame->body.random));
	ring_submit(frame);
}

static __always_inline void read_hello(struct __sk_buff *skb, const struct payload *payload)
{
	u32 offset = payload->segment.payload_offset;
	union hello_start start = {};

	if (payload->passed > PROXY_HEADER_MAX || payload->segment.payload_bytes < HELLO_BYTES)
		return;
	if (bpf_skb_load_bytes(skb, offset, &start, HELLO_BYTES))
		return;
	if (is_v2((const union payload_start *)&start)) {
		offset += PROXY_V2_FIXED + ((u32)start.byte[14] << 8 | start.byte[15]);
		if (bpf_skb_load_bytes(skb, offset, &start, HELLO_BYTES))
			return;
	}
	if (start.byte[0] == 0x16 && start.byte[1] == 3 && start.byte[5] == 1)
		tell_flight(payload, &start);
}

#define WORD(a, b, c, d) ((u32)(a) | (u32)(b) << 8 | (u32)(c) << 16 | (u32)(d) << 24)

static __always_inline bool is_http(u32 word)
{
	switch (word) {
	case WORD('H', 'T', 'T', 'P'):
	case WORD('G', 'E', 'T', ' '):
	case WORD('P', 'O', 'S', 'T'):
	case WORD('P', 'U', 'T', ' '):
	case WORD('H', 'E', 'A', 'D'):
	case WORD('D', 'E', 'L', 'E'):
	case WORD('P', 'A', 'T', 'C'):
	case WORD('O', 'P', 'T', 'I'):
	case WORD('P', 'R', 'I', ' '):
		return true;
	default:
		return false;
	}
}

static __always_inline void read_head(struct __sk_buff *skb, const struct payload *payload)
{
	u32 bytes = payload->segment.payload_bytes, word = 0;
	struct head_frame *frame;

	if (bytes < HEAD_BYTES_MIN || bpf_skb_load_bytes(skb, payload->segment.payload_offset, &word, sizeof(word)) || !is_http(word))
		return;
	frame = ring_reserve(sizeof(*frame), HOP_FRAME_HEAD);
	if (!frame)
		return;
	if (bytes > HOP_HEAD_BYTES)
		bytes = HOP_HEAD_BYTES;
	asm volatile("" : "+r"(bytes)); /* keeps the bounds check next to the call, where the verifier needs it */
	__builtin_memset(frame->body.bytes, 0, sizeof(frame->body.bytes));
	if (bytes < HEAD_BYTES_MIN || bytes > HOP_HEAD_BYTES ||
	    bpf_skb_load_bytes(skb, payload->segment.payload_offset, frame->body.bytes, bytes)) {
		bpf_ringbuf_discard(frame, BPF_RB_NO_WAKEUP);
		return;
	}
	frame->body.ts_ns = bpf_ktime_get_ns();
	frame->body.netns = payload->netns;
	frame->body.seq = bpf_ntohl(payload->segment.tcp.seq);
	frame->body.ack = bpf_ntohl(payload->segment.tcp.ack_seq);
	frame->body.captured_bytes = bytes;
	frame->body.zero = 0;
	ring_submit(frame);
}

static __always_inline void read_payload(struct __sk_buff *skb, struct tcp_sock *tcp, bool is_sent)
{
	struct payload payload = {};

	payload.netns = tcp->inet_conn.icsk_inet.sk.__sk_common.skc_net.net->ns.inum;
	if (!is_allowed(payload.netns) || !load_segment(skb, &payload.segment) || !payload.segment.payload_bytes)
		return;
	/* bytes_sent counts this packet already. A listening socket gets data on the handshake's last ACK. */
	if (is_sent)
		payload.passed = (u32)tcp->bytes_sent - payload.segment.payload_bytes;
	else if (tcp->inet_conn.icsk_inet.sk.__sk_common.skc_state != TCP_LISTEN)
		payload.passed = (u32)tcp->bytes_received;
	payload.start_seq = bpf_ntohl(payload.segment.tcp.seq) - payload.passed;
	read_hello(skb, &payload);
	if (settings.heads)
		read_head(skb, &payload);
}

SEC("cgroup_skb/ingress")
int on_payload_received(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->len < PACKET_BYTES_MIN ? NULL : skb->sk;
	struct tcp_sock *tcp = sk ? bpf_skc_to_tcp_sock(sk) : NULL;

	if (tcp && (settings.heads || tcp->bytes_received <= PROXY_HEADER_MAX))
		read_payload(skb, tcp, false);
	return 1;
}

SEC("cgroup_skb/egress")
int on_payload_sent(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->len < PACKET_BYTES_MIN ? NULL : skb->sk;
	struct tcp_sock *tcp = sk ? bpf_skc_to_tcp_sock(sk) : NULL;

	/* The length of this packet is more than its payload: what passed before is looked at again. */
	if (tcp && tcp->bytes_sent && (settings.heads || tcp->bytes_sent <= (u64)skb->len + PROXY_HEADER_MAX))
		read_payload(skb, tcp, true);
	return 1;
}

#endif
