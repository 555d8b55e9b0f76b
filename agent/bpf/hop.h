/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the eBPF programs hand to the loader and the loader writes to its standard output.
 * Little endian, no implicit padding; sizes are asserted below and announced in the hello frame,
 * so that agent/src/frames refuses a loader of another layout instead of misreading it.
 *
 *   stdout = frame*    frame = hop_frame_head | body (size counts the head too)
 *
 *   HOP_FRAME_HELLO   JSON, first frame and again whenever a namespace or interface changed
 *   HOP_FRAME_CLOCK   struct hop_clock, first after hello, then every 10 s
 *   HOP_FRAME_STATS   struct hop_stats, every second and last before exit
 *   HOP_FRAME_PACKET  struct hop_packet
 *   HOP_FRAME_LINK    struct hop_link
 *   HOP_FRAME_PROXY   struct hop_proxy_header
 */
#ifndef HOP_H
#define HOP_H

#ifndef __BPF__
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
#endif

#define HOP_LAYOUT_VERSION 1

enum hop_frame_kind {
	HOP_FRAME_HELLO = 1,
	HOP_FRAME_CLOCK = 2,
	HOP_FRAME_STATS = 3,
	HOP_FRAME_PACKET = 4,
	HOP_FRAME_LINK = 5,
	HOP_FRAME_PROXY = 6,
};

struct hop_frame_head {
	u32 size;    /* of the whole frame, this head included */
	u8 kind;     /* enum hop_frame_kind */
	u8 version;  /* HOP_LAYOUT_VERSION */
	u16 zero;
};

/* Addresses in network order, IPv4 mapped into IPv6; ports in host order. */
struct hop_tuple {
	u8 src[16];
	u8 dst[16];
	u16 sport;
	u16 dport;
};

enum hop_packet_type {
	HOP_RX = 1,      /* netif_receive_skb */
	HOP_TX = 2,      /* net_dev_queue: conntrack tuples are known here, on the first SYN already */
	HOP_DROP = 3,    /* kfree_skb with a reason */
	HOP_ICMP_RX = 4, /* ICMP error; tuple and seq are those of the quoted TCP packet */
	HOP_ICMP_TX = 5,
};

/* Each is emitted once per direction, interface and connection; SYN, SYN-ACK and RST every time. */
enum hop_milestone {
	HOP_M_SYN = 1,
	HOP_M_SYNACK = 2,
	HOP_M_ACK = 4,  /* first packet without payload after the handshake packets */
	HOP_M_DATA = 8, /* first packet with payload */
	HOP_M_FIN = 16,
	HOP_M_RST = 32,
};

enum hop_device_kind { HOP_DEV_OTHER = 0, HOP_DEV_VETH = 1, HOP_DEV_BRIDGE = 2, HOP_DEV_LOOPBACK = 3 };

#define HOP_CT_PRESENT 0x80000000u /* in ct_status, beside the kernel's IPS_ bits */

struct hop_packet {
	u64 ts_ns;          /*   0 CLOCK_MONOTONIC */
	u32 netns;          /*   8 inode of the network namespace */
	u32 ifindex;        /*  12 */
	u32 seq;            /*  16 host order; the ISN on SYN and SYN-ACK. Never leaves the node unhashed */
	u32 ack;            /*  20 */
	u32 reason;         /*  24 HOP_DROP: enum skb_drop_reason; HOP_ICMP_*: type << 8 | code */
	u32 ct_status;      /*  28 */
	u8 type;            /*  32 enum hop_packet_type */
	u8 tcp_flags;       /*  33 */
	u8 milestones;      /*  34 enum hop_milestone, or-ed */
	u8 family;          /*  35 4 or 6 */
	u8 ttl;             /*  36 TTL or hop limit */
	u8 device_kind;     /*  37 enum hop_device_kind */
	u16 payload_bytes;  /*  38 TCP payload, saturating */
	char ifname[16];    /*  40 */
	struct hop_tuple tuple;    /*  56 as in the packet */
	struct hop_tuple original; /*  92 conntrack, valid if HOP_CT_PRESENT */
	struct hop_tuple reply;    /* 128 */
	u32 zero;                  /* 164 */
};

/* One burst (request or response) on one socket. cookie 0: none. */
struct hop_burst {
	u64 cookie;
	u32 isn_local;
	u32 isn_remote;
	u32 burst; /* counts from 1 */
	u32 is_accepted; /* 1: the peer opened the connection; 0: this host did */
};

enum hop_link_side { HOP_LINK_REQUEST = 1, HOP_LINK_RESPONSE = 2 };

/*
 * Thread causality in a proxy. Request side: subject is the upstream burst that was written, last_read and
 * oldest are the client bursts that the two rules name. Response side: subject is the client burst that is
 * being answered, last_read and oldest the upstream bursts.
 */
struct hop_link {
	u64 ts_ns;
	u32 netns;
	u32 tgid;
	u32 tid;
	u32 side; /* enum hop_link_side */
	struct hop_burst subject;
	struct hop_burst last_read;
	struct hop_burst oldest;
	char comm[16];
};

#define HOP_PROXY_BYTES 108 /* a v1 line is at most 107 bytes; v2 without TLVs at most 52 */

/* The first payload bytes of a connection, captured only where they begin with a PROXY signature. */
struct hop_proxy_header {
	u64 ts_ns;
	u32 netns;
	u32 seq; /* of the first payload byte: client ISN + 1 */
	u32 ack; /* server ISN + 1 */
	u16 captured_bytes;
	u16 zero;
	struct hop_tuple tuple;
	u8 bytes[HOP_PROXY_BYTES];
};

struct hop_clock {
	u64 monotonic_ns;
	s64 realtime_minus_monotonic_ns;
};

struct hop_stats {
	u64 packets_seen;
	u64 events_emitted;
	u64 ring_lost; /* reservations that failed */
	u64 map_full;  /* storage that could not be had */
};

_Static_assert(sizeof(struct hop_frame_head) == 8, "hop_frame_head");
_Static_assert(sizeof(struct hop_tuple) == 36, "hop_tuple");
_Static_assert(sizeof(struct hop_packet) == 168, "hop_packet");
_Static_assert(sizeof(struct hop_burst) == 24, "hop_burst");
_Static_assert(sizeof(struct hop_link) == 112, "hop_link");
_Static_assert(sizeof(struct hop_proxy_header) == 168, "hop_proxy_header");
_Static_assert(sizeof(struct hop_clock) == 16, "hop_clock");
_Static_assert(sizeof(struct hop_stats) == 32, "hop_stats");

#endif
