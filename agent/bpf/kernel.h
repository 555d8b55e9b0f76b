/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The kernel types that the programs read, and of each only the fields that they read. Layouts are those
 * of the running kernel: preserve_access_index makes libbpf relocate every access by field name (CO-RE),
 * so neither order nor size here matter, only names and kinds. A generated vmlinux.h would double the
 * object and bind the source to one kernel's bit-fields.
 */
#ifndef HOP_KERNEL_H
#define HOP_KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed long long s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	u32 inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct rtnl_link_ops {
	const char *kind;
};

struct net_device {
	int ifindex;
	u32 flags;
	char name[16];
	possible_net_t nd_net;
	const struct rtnl_link_ops *rtnl_link_ops;
	void *rx_handler;
	unsigned char priv[]; /* only since Linux 6.10: see compat.bpf.h */
};

struct dst_entry {
	struct net_device *dev;
};

struct sk_buff {
	unsigned char *head;
	unsigned char *data;
	u32 tail; /* offset from head on 64-bit kernels */
	u32 len;
	struct net_device *dev;
	unsigned long _skb_refdst;
	unsigned long _nfct;
	u16 network_header;
	u16 protocol;
};

union nf_inet_addr {
	u32 all[4];
};

struct nf_conntrack_man {
	union nf_inet_addr u3;
	union {
		u16 all;
	} u;
};

struct nf_conntrack_tuple {
	struct nf_conntrack_man src;
	struct {
		union nf_inet_addr u3;
		union {
			u16 all;
		} u;
	} dst;
};

struct nf_conntrack_tuple_hash {
	struct nf_conntrack_tuple tuple;
};

struct nf_conn {
	struct nf_conntrack_tuple_hash tuplehash[2];
	unsigned long status;
};

struct sock_common {
	u16 skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
};

struct sock {
	struct sock_common __sk_common;
	u16 sk_protocol;
};

struct inet_sock {
	struct sock sk;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	u64 bytes_received;
	u64 bytes_sent;
	u64 bytes_retrans;
	u64 bytes_acked;
	u32 rcv_nxt;
	u32 snd_nxt;
	u32 snd_una;
};

#pragma clang attribute pop

/* Not under preserve_access_index: this one is the wire format, not a kernel layout. */
struct tcphdr {
	u16 source;
	u16 dest;
	u32 seq;
	u32 ack_seq;
	u8 data_offset; /* upper four bits, in words */
	u8 flags;
	u16 window;
	u16 check;
	u16 urg_ptr;
};

enum skb_drop_reason {
	SKB_NOT_DROPPED_YET,
	SKB_CONSUMED,
	SKB_DROP_REASON_NOT_SPECIFIED,
	SKB_DROP_REASON_OTHERHOST,
};

#define AF_INET 2
#define AF_INET6 10
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_ICMPV6 58
#define IFF_LOOPBACK 0x8
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_FIN_WAIT1 4
#define TCP_CLOSE 7
#define TCP_LAST_ACK 9
#define TCP_LISTEN 10
#define TCP_FLAG_FIN 0x01
#define TCP_FLAG_SYN 0x02
#define TCP_FLAG_RST 0x04
#define TCP_FLAG_ACK 0x10
#define MSG_PEEK 0x2
#define MSG_ERRQUEUE 0x2000

#endif
