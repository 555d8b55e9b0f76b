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
 *   HOP_FRAME_PACKET  struct hop_packet: a dropped SYN or an ICMP error
 *   HOP_FRAME_LINK    struct hop_link
 *   HOP_FRAME_PROXY   struct hop_proxy_header
 *   HOP_FRAME_EXCHANGE struct hop_exchange: a request and its response on one connection at one tap, when the next
 *                     request begins or with the leg, and early (see there) where neither comes
 *   HOP_FRAME_FLIGHT  struct hop_flight
 *   HOP_FRAME_HEAD    struct hop_head, only where asked for: payload
 *   HOP_FRAME_CONNTRACK struct hop_conntrack: what conntrack's own interface (netlink) says of a connection
 *   HOP_FRAME_CONNTRACK_STATS struct hop_conntrack_stats, with the statistics, where that interface is listened to
 *   HOP_FRAME_LEG     struct hop_leg: all that is known of one connection at one tap, when it ended, HOP_RIPE_NS after
 *                     its SYN if it has not ended by then, and from then on whenever it gets further
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

#define HOP_LAYOUT_VERSION 4

enum hop_frame_kind {
	HOP_FRAME_HELLO = 1,
	HOP_FRAME_CLOCK = 2,
	HOP_FRAME_STATS = 3,
	HOP_FRAME_PACKET = 4,
	HOP_FRAME_LINK = 5,
	HOP_FRAME_PROXY = 6,
	HOP_FRAME_LEG = 7,
	HOP_FRAME_EXCHANGE = 8,
	HOP_FRAME_FLIGHT = 9,
	HOP_FRAME_HEAD = 10,
	HOP_FRAME_CONNTRACK = 11,
	HOP_FRAME_CONNTRACK_STATS = 12,
	HOP_RING_OPENED = 128, /* struct hop_opened, from the kernel to the loader only */
	HOP_RING_NOTED = 129,  /* the same, of a leg whose exchange the loader is to look at */
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

enum hop_device_kind { HOP_DEV_OTHER = 0, HOP_DEV_VETH = 1, HOP_DEV_BRIDGE = 2, HOP_DEV_LOOPBACK = 3 };

#define HOP_CT_PRESENT 0x80000000u /* in ct_status, beside the kernel's IPS_ bits */

/*
 * Most connections are over within this time: their legs are told once, when they end. The loader asks for the others
 * HOP_CHECK_NS after their SYN; what happens to a leg older than HOP_RIPE_NS the kernel tells by itself. The difference
 * is for a stamp that another CPU is just writing, and for the reader's poll.
 */
#define HOP_RIPE_NS 250000000ull
#define HOP_CHECK_NS 300000000ull

/* A ripe leg's exchanges are noted so often at most, and looked at so long after a note. */
#define HOP_NOTE_NS 1000000000ull
#define HOP_LOOK_NS 1300000000ull

enum hop_leg_flag {
	HOP_LEG_SERVER_ISN = 1,   /* server_isn is known */
	HOP_LEG_SPOKE_ON = 2,     /* the client sent more than its SYN: it was answered, if not by this way */
	HOP_LEG_RESET = 4,        /* reset_ns is valid */
	HOP_LEG_SERVER_RESET = 8, /* the reset came from the server's side */
	HOP_LEG_TALKING = 64,     /* kernel's own: counted in talking[] */
	HOP_LEG_WAITING = 128,    /* kernel's own: counted in waiting[] */
};

/*
 * One TCP connection at one tap. Stamps are CLOCK_MONOTONIC, 0: not seen. Bytes and retransmits are those of payload
 * behind the SYN, by sequence number. A segment is a retransmit where it shows this tap nothing new: it was sent again
 * (and lost behind the tap the first time, or sent for nothing), or comes late (and was lost before the tap).
 */
struct hop_leg {
	u64 id;             /*   0 counts up, unique while the loader runs */
	u64 at_ns;          /*   8 when this was told */
	u64 syn_ns;         /*  16 */
	u64 last_syn_ns;    /*  24 */
	u64 syn_ack_ns;     /*  32 */
	u64 ack_ns;         /*  40 */
	u64 request_ns;     /*  48 first payload from the client */
	u64 response_ns;    /*  56 first payload from the server */
	u64 client_fin_ns;  /*  64 */
	u64 server_fin_ns;  /*  72 */
	u64 reset_ns;       /*  80 */
	u32 netns;          /*  88 inode of the network namespace */
	u32 ifindex;        /*  92 */
	u32 client_isn;     /*  96 host order. Never leaves the node unhashed */
	u32 server_isn;     /* 100 */
	u32 ct_status;      /* 104 */
	u16 syn_count;      /* 108 saturating */
	u16 syn_payload_bytes; /* 110 TCP Fast Open: the SYN-ACK may acknowledge so much more */
	u8 direction;       /* 112 HOP_RX or HOP_TX: that of the SYN */
	u8 family;          /* 113 4 or 6 */
	u8 syn_ttl;         /* 114 */
	u8 device_kind;     /* 115 enum hop_device_kind */
	u8 flags;           /* 116 enum hop_leg_flag */
	u8 zero[3];         /* 117 */
	struct hop_tuple tuple;    /* 120 of the SYN */
	struct hop_tuple original; /* 156 conntrack, valid if HOP_CT_PRESENT */
	struct hop_tuple reply;    /* 192 */
	u32 client_retransmits;    /* 228 */
	u64 client_bytes;          /* 232 that passed here or, where packets took another way, must have passed */
	u64 server_bytes;          /* 240 */
	u32 server_retransmits;    /* 248 */
	u32 zero_end;              /* 252 */
};

/* A leg began: the loader looks at it again HOP_CHECK_NS later. */
struct hop_opened {
	u64 id;
	u64 key; /* in the map legs; 0: it was no hop after all */
	u64 syn_ns;
};

enum hop_exchange_flag {
	HOP_EXCHANGE_EARLY = 1, /* told by the loader while it may still go on; told again if it does */
};

/*
 * A burst is payload that flows one way before the other way takes its turn; a request burst and the response burst
 * behind it make an exchange. A request begins where the client sends something new after it acknowledged part of
 * a response: the same at every tap, whatever was on its way. Stamps are CLOCK_MONOTONIC, 0: not seen. Offsets count
 * from the byte behind the SYN.
 */
struct hop_exchange {
	u64 leg_id;           /*   0 */
	u64 at_ns;            /*   8 when this was told */
	u64 request_ns;       /*  16 first byte */
	u64 request_last_ns;  /*  24 last byte */
	u64 response_ns;      /*  32 */
	u64 response_last_ns; /*  40 */
	u64 request_offset;   /*  48 */
	u64 request_bytes;    /*  56 */
	u64 response_offset;  /*  64 */
	u64 response_bytes;   /*  72 */
	u32 netns;            /*  80 */
	u32 ifindex;          /*  84 */
	u32 client_isn;       /*  88 host order. Never leaves the node unhashed */
	u32 server_isn;       /*  92 */
	u32 burst;            /*  96 counts from 1, as those of struct hop_burst */
	u32 left_out;         /* 100 exchanges of all legs left out since the loader started; wraps; 0 if early */
	u8 direction;         /* 104 HOP_RX or HOP_TX: that of the SYN */
	u8 device_kind;       /* 105 enum hop_device_kind */
	u8 flags;             /* 106 enum hop_exchange_flag */
	u8 zero[5];           /* 107 */
};

struct hop_packet {
	u64 ts_ns;          /*   0 CLOCK_MONOTONIC */
	u32 netns;          /*   8 inode of the network namespace */
	u32 ifindex;        /*  12 */
	u32 seq;            /*  16 host order: the ISN of the dropped or quoted SYN. Never leaves the node unhashed */
	u32 reason;         /*  20 HOP_DROP: enum skb_drop_reason; HOP_ICMP_*: type << 8 | code */
	u32 ct_status;      /*  24 */
	u8 type;            /*  28 enum hop_packet_type */
	u8 family;          /*  29 4 or 6 */
	u8 ttl;             /*  30 TTL or hop limit */
	u8 device_kind;     /*  31 enum hop_device_kind */
	struct hop_tuple tuple;    /*  32 as in the packet */
	struct hop_tuple original; /*  68 conntrack, valid if HOP_CT_PRESENT */
	struct hop_tuple reply;    /* 104 */
	u32 zero;                  /* 140 */
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

/* A TLS ClientHello that a socket of this machine sent or received. Never leaves the node unhashed. */
struct hop_flight {
	u64 ts_ns;
	u32 netns;
	u32 seq; /* of the stream's first byte: client ISN + 1, whatever came before the ClientHello */
	u32 ack; /* server ISN + 1 */
	u32 zero;
	u8 random[32];
};

#define HOP_HEAD_BYTES 512

/* A segment that begins like an HTTP request or response. Its bytes never leave the node. */
struct hop_head {
	u64 ts_ns;
	u32 netns;
	u32 seq; /* as in the packet */
	u32 ack;
	u16 captured_bytes;
	u16 zero;
	u8 bytes[HOP_HEAD_BYTES];
};

struct hop_clock {
	u64 monotonic_ns;
	s64 realtime_minus_monotonic_ns;
};

/* Totals since the loader started; exact, whatever was shed or lost. */
struct hop_stats {
	u64 packets_seen;
	u64 syns_seen;    /* SYNs at watched taps, repetitions included */
	u64 drops_seen;   /* SYNs that were thrown away with a reason */
	u64 legs_opened;
	u64 legs_shed;    /* by hash of the connection, while there are too many; see loader.c */
	u64 events_emitted;
	u64 ring_lost;    /* reservations that failed */
	u64 map_full;     /* storage that could not be had */
	u64 checks_lost;  /* legs that were not looked at again, because too many waited for it */
	/* ring_lost, by what it was: */
	u64 lost_refusals;  /* dropped SYNs and ICMP errors */
	u64 lost_legs;      /* a leg's beginning or state; its last word takes its exchange along */
	u64 lost_exchanges; /* and what tells their contents */
	u64 lost_links;     /* of proxies, and their headers */
};

enum hop_conntrack_event {
	HOP_CT_OLD = 1, /* found in the table: it began before anybody looked */
	HOP_CT_NEW = 2,
	HOP_CT_UPDATE = 3,
	HOP_CT_DESTROY = 4,
};

enum hop_conntrack_flag {
	HOP_CT_COUNTED = 1, /* bytes and packets are valid (net.netfilter.nf_conntrack_acct) */
};

/* One entry of one namespace's conntrack table. Wall-clock stamps are the kernel's; 0: it gives none. */
struct hop_conntrack {
	u64 at_ns;               /*   0 CLOCK_MONOTONIC, when this was read */
	u64 event_realtime_ns;   /*   8 since Linux 6.14 */
	u64 start_realtime_ns;   /*  16 */
	u64 stop_realtime_ns;    /*  24 */
	u64 original_bytes;      /*  32 headers included */
	u64 reply_bytes;         /*  40 */
	u64 original_packets;    /*  48 */
	u64 reply_packets;       /*  56 */
	u32 netns;               /*  64 inode of the network namespace */
	u32 id;                  /*  68 the kernel's, unique in the namespace while the entry lives */
	u32 status;              /*  72 the kernel's IPS_ bits */
	u8 event;                /*  76 enum hop_conntrack_event */
	u8 family;               /*  77 4 or 6 */
	u8 tcp_state;            /*  78 enum tcp_conntrack; 0: not told */
	u8 flags;                /*  79 enum hop_conntrack_flag */
	struct hop_tuple original; /* 80 */
	struct hop_tuple reply;    /* 116 */
};

/* Totals since the loader started. */
struct hop_conntrack_stats {
	u64 events_read;
	u64 overruns; /* the socket's buffer was full (ENOBUFS): how many events that cost is not known */
	u64 old_found;
	u64 unreadable; /* messages that did not parse */
	u32 namespaces; /* listened to or looked into */
	u32 zero;
};

_Static_assert(sizeof(struct hop_frame_head) == 8, "hop_frame_head");
_Static_assert(sizeof(struct hop_tuple) == 36, "hop_tuple");
_Static_assert(sizeof(struct hop_leg) == 256, "hop_leg");
_Static_assert(sizeof(struct hop_opened) == 24, "hop_opened");
_Static_assert(sizeof(struct hop_exchange) == 112, "hop_exchange");
_Static_assert(sizeof(struct hop_packet) == 144, "hop_packet");
_Static_assert(sizeof(struct hop_burst) == 24, "hop_burst");
_Static_assert(sizeof(struct hop_link) == 112, "hop_link");
_Static_assert(sizeof(struct hop_proxy_header) == 168, "hop_proxy_header");
_Static_assert(sizeof(struct hop_flight) == 56, "hop_flight");
_Static_assert(sizeof(struct hop_head) == 536, "hop_head");
_Static_assert(sizeof(struct hop_clock) == 16, "hop_clock");
_Static_assert(sizeof(struct hop_stats) == 104, "hop_stats");
_Static_assert(sizeof(struct hop_conntrack) == 152, "hop_conntrack");
_Static_assert(sizeof(struct hop_conntrack_stats) == 40, "hop_conntrack_stats");

#endif
