/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Thread causality in a proxy: the programs. What they conclude is in proxy_rules.bpf.h. */
#ifndef HOP_PROXY_LINKS_BPF_H
#define HOP_PROXY_LINKS_BPF_H

#include "proxy_rules.bpf.h"

static __always_inline void on_connect(struct connection *upstream)
{
	struct thread *thread = thread_of_current(false);

	__builtin_memset(upstream, 0, sizeof(*upstream));
	upstream->role = ROLE_CONNECTED;
	upstream->is_known = 1;
	upstream->cause = CAUSE_DOUBTFUL;
	if (!thread)
		return;
	if (thread->client.burst.cookie && (!thread->client.is_used || thread->client.is_resumed))
		upstream->cause = CAUSE_TAKEN;
	take_causes(thread, upstream);
}

static __always_inline void on_established(struct sock *sk, struct connection *connection, int old_state)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;

	if (old_state == TCP_SYN_RECV)
		connection->role = ROLE_ACCEPTED;
	else
		connection->role = ROLE_CONNECTED;
	connection->is_known = 1;
	connection->isn_remote = BPF_CORE_READ(tcp, rcv_nxt) - 1;
	connection->isn_local = BPF_CORE_READ(tcp, snd_una) - 1;
}

/* close() or shutdown() here, or a reset; CLOSE_WAIT is the peer's, with data to read before it. */
static __always_inline bool is_end(int state)
{
	return state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK || state == TCP_CLOSE;
}

/*
 * Who goes away takes along what waits for it: one response left behind shifts the order of all that follow
 * on the thread, and both sides of the oldest rule stop agreeing (HAProxy in TCP mode, clients that give up:
 * 2444 of 4965 agreed; with this 4610 of 4648). The price: a proxy that closes its upstream before it answers
 * loses the second side of that rule; nginx does so, and goes by the last read.
 */
static __always_inline void on_end(struct sock *sk)
{
	struct connection *connection = bpf_sk_storage_get(&connections, sk, NULL, 0);
	struct thread *thread;

	if (!connection || !connection->ticket)
		return;
	thread = thread_of_current(false);
	if (thread)
		forget_queued(thread, connection);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_socket_state, struct sock *sk, int old_state, int new_state)
{
	bool is_connect = new_state == TCP_SYN_SENT;
	bool is_established = new_state == TCP_ESTABLISHED && (old_state == TCP_SYN_SENT || old_state == TCP_SYN_RECV);
	struct connection *connection;

	if ((!is_connect && !is_established && !is_end(new_state)) || !is_watched(sk))
		return 0;
	if (is_end(new_state)) {
		on_end(sk);
		return 0;
	}
	connection = connection_create(sk);
	if (!connection)
		return 0;
	if (is_connect)
		on_connect(connection);
	else
		on_established(sk, connection, old_state);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_socket_read, struct sock *sk, int result, int flags)
{
	struct connection *connection;

	if (flags & (MSG_PEEK | MSG_ERRQUEUE) || !is_watched(sk))
		return 0;
	connection = connection_of(sk);
	if (!connection)
		return 0;
	if (connection->role == ROLE_CONNECTED) {
		if (result >= 0)
			on_upstream_read(sk, connection, result == 0);
	} else if (result > 0) {
		on_client_read(sk, connection);
	} else {
		on_vain_client_read(sk, connection);
	}
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_socket_write, struct sock *sk, int result, int flags)
{
	struct connection *connection;

	if (result <= 0 || !is_watched(sk))
		return 0;
	connection = connection_of(sk);
	if (!connection)
		return 0;
	if (connection->role == ROLE_CONNECTED)
		on_upstream_write(sk, connection);
	else if (connection->direction != DIRECTION_WRITE)
		on_client_write(sk, connection);
	return 0;
}

#endif
