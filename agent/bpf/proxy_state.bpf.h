/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What proxy_rules.bpf.h remembers of each TCP socket and of each thread that serves clients. */
#ifndef HOP_PROXY_STATE_BPF_H
#define HOP_PROXY_STATE_BPF_H

#include "proxy_queue.bpf.h"

enum role { ROLE_UNKNOWN, ROLE_ACCEPTED, ROLE_CONNECTED };
enum direction { DIRECTION_NONE, DIRECTION_READ, DIRECTION_WRITE };
enum cause { CAUSE_NONE, CAUSE_TAKEN, CAUSE_DOUBTFUL }; /* of an upstream that connects */

/* The last burst that a thread read on one side. */
struct last_read {
	struct hop_burst burst;
	u32 ticket;  /* in the thread's queue of requests */
	u8 is_used;  /* it already caused something upstream */
	u8 is_vain;  /* nothing has been read of it yet */
	u8 is_resumed; /* its upstream began to answer, and nothing of that has been passed on yet */
	u8 is_over;  /* it was answered: it causes no more */
	u8 is_answered;
	u8 zero[7];
};

/* Of a thread that read from an accepted socket: 12 KiB. */
struct thread {
	struct last_read client;
	struct hop_burst upstream;
	u64 is_client_last; /* what was read last of all came from a client */
	struct queue requests;
	struct queue responses;
};

/* Of a TCP socket. */
struct connection {
	u32 isn_local;
	u32 isn_remote;
	u32 burst;
	u32 queued_by;     /* thread that queued the current burst */
	u32 ticket;        /* of the current burst in that thread's queue */
	u8 role;           /* enum role */
	u8 direction;      /* enum direction */
	u8 is_known;       /* the fields above are filled */
	u8 is_unanswered;  /* accepted: a request was read and nothing written since */
	u8 cause;          /* connected: enum cause */
	u8 zero[3];
	struct hop_burst last;
	struct hop_burst oldest;
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

static __always_inline u32 thread_id(void)
{
	return (u32)bpf_get_current_pid_tgid();
}

static __always_inline u32 netns_of(struct sock *sk)
{
	return sk->__sk_common.skc_net.net->ns.inum;
}

static __always_inline bool is_watched(struct sock *sk)
{
	u16 family = sk->__sk_common.skc_family;

	return (family == AF_INET || family == AF_INET6) && sk->sk_protocol == IPPROTO_TCP && is_allowed(netns_of(sk));
}

static __always_inline struct connection *connection_create(struct sock *sk)
{
	struct connection *connection =
		bpf_sk_storage_get(&connections, sk, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!connection)
		COUNT(map_full);
	return connection;
}

/*
 * A socket older than the agent: both ISNs follow from where the sequence numbers are and how many bytes
 * passed. bytes_acked counts the SYN of a connected socket but not the one of an accepted socket.
 */
static __always_inline void connection_infer(struct connection *connection, struct sock *sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	u32 sent = (u32)(BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans));
	u32 isn = BPF_CORE_READ(tcp, snd_nxt) - sent - 1;
	u32 first_unacked = BPF_CORE_READ(tcp, snd_una) - (u32)BPF_CORE_READ(tcp, bytes_acked);

	connection->isn_local = isn;
	connection->isn_remote = BPF_CORE_READ(tcp, rcv_nxt) - (u32)BPF_CORE_READ(tcp, bytes_received) - 1;
	connection->role = first_unacked == isn ? ROLE_CONNECTED : ROLE_ACCEPTED;
	connection->is_known = 1;
}

static __always_inline struct connection *connection_of(struct sock *sk)
{
	struct connection *connection = connection_create(sk);

	if (connection && !connection->is_known)
		connection_infer(connection, sk);
	return connection;
}

static __always_inline struct thread *thread_of_current(bool create)
{
	struct thread *thread = bpf_task_storage_get(&threads, bpf_get_current_task_btf(), NULL,
						     create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);

	if (!thread && create)
		COUNT(map_full);
	return thread;
}

#endif
