/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which client request made a proxy talk to which backend, told from what its threads read and write.
 *
 * A burst is what flows one way on a socket before the other way takes its turn. Two rules name the client
 * burst behind an upstream burst, and both are handed over: which of them a proxy obeys is learned later.
 *
 *   last read        nginx, Envoy: a thread finishes with one client before it looks at the next
 *   oldest unlinked  HAProxy: reads first, then runs its tasks in the order of the reads
 *
 * The cause is taken at connect() where one is made, else at the first write of the burst. A proxy in TCP
 * mode connects before its client said anything:
 *   - HAProxy tries to read first, in vain, and connects at once: a vain first read counts as a read of the
 *     burst to come (2.6, TCP mode, clients that speak late or never: 5064 of 5064 right by the last read).
 *   - nginx's stream module does not even try. The last read at connect() then already caused something
 *     else: the cause is doubtful, and the first write after a fresh read corrects it (a relay of that kind,
 *     with and without a PROXY header of its own: 6000 of 6000 right by the last read). An upstream that began to
 *     answer and makes the proxy connect is no such case: auth_request goes on to the app with its answer.
 *
 * Who caused something and has been answered causes no more. nginx reads ahead in TLS: right after an answer it may begin
 * another client's request, which it read long before, and then nobody is named by the last read.
 */
#ifndef HOP_PROXY_RULES_BPF_H
#define HOP_PROXY_RULES_BPF_H

#include "proxy_state.bpf.h"

static __always_inline void name_burst(struct hop_burst *burst, struct sock *sk, const struct connection *connection)
{
	burst->cookie = bpf_get_socket_cookie(sk);
	burst->isn_local = connection->isn_local;
	burst->isn_remote = connection->isn_remote;
	burst->burst = connection->burst;
	burst->is_accepted = connection->role == ROLE_ACCEPTED;
}

static __always_inline void emit_link(struct sock *sk, const struct connection *connection, u32 side,
				      const struct hop_burst *last, const struct hop_burst *oldest)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	struct link_frame *frame;
	struct hop_link *link;

	frame = ring_reserve(sizeof(*frame), HOP_FRAME_LINK);
	if (!frame)
		return;
	link = &frame->body;
	link->ts_ns = bpf_ktime_get_ns();
	link->netns = netns_of(sk);
	link->tgid = pid_tgid >> 32;
	link->tid = (u32)pid_tgid;
	link->side = side;
	name_burst(&link->subject, sk, connection);
	link->last_read = *last;
	link->oldest = *oldest;
	bpf_get_current_comm(link->comm, sizeof(link->comm));
	ring_submit(frame);
}

/* Both rules' answers to: for whom is this thread going to talk to an upstream now? */
static __always_inline void take_causes(struct thread *thread, struct connection *upstream)
{
	struct last_read *client = &thread->client;

	if (client->is_over)
		__builtin_memset(&upstream->last, 0, sizeof(upstream->last));
	else
		upstream->last = client->burst;
	queue_oldest(&thread->requests, &upstream->oldest, true);
	if (!upstream->oldest.cookie && client->is_vain && !client->is_used)
		upstream->oldest = client->burst;
	client->is_used = 1;
}

static __always_inline bool is_same_burst(const struct hop_burst *a, const struct hop_burst *b)
{
	return a->cookie && a->cookie == b->cookie && a->burst == b->burst;
}

static __always_inline void resume_client(struct thread *thread, const struct connection *upstream, bool is_news)
{
	if (!upstream->last.cookie)
		return;
	if (is_news)
		thread->client.is_resumed = 1;
	else if (!is_same_burst(&thread->client.burst, &upstream->last))
		thread->client.is_resumed = 0;
	thread->client.burst = upstream->last;
	thread->client.ticket = 0;
	thread->client.is_used = 1;
	thread->client.is_vain = 0;
	thread->client.is_over = 0;
	thread->client.is_answered = 0;
}

static __always_inline void enqueue_request(struct thread *thread, struct connection *client)
{
	queue_push(&thread->requests, &thread->client.burst);
	client->queued_by = thread_id();
	client->ticket = thread->requests.tail;
	thread->client.ticket = client->ticket;
}

static __always_inline void on_client_read(struct sock *sk, struct connection *client)
{
	struct thread *thread = thread_of_current(true);
	bool is_new = client->direction != DIRECTION_READ;
	struct hop_burst burst;

	if (!thread)
		return;
	client->direction = DIRECTION_READ;
	if (is_new) {
		client->burst++;
		client->is_unanswered = 1;
	}
	name_burst(&burst, sk, client);
	if (!is_same_burst(&burst, &thread->client.burst)) {
		thread->client.burst = burst;
		thread->client.is_used = 0;
		thread->client.is_over = 0;
		thread->client.is_answered = 0;
	}
	thread->client.is_vain = 0;
	thread->client.is_resumed = 0;
	thread->is_client_last = 1;
	thread->client.ticket = client->queued_by == thread_id() ? client->ticket : 0;
	/* More of a request that still waits keeps its turn: HAProxy queues it for a server with the first part. */
	if (is_new)
		enqueue_request(thread, client);
}

/* A first read that found nothing, or the end: it may cause a connect() all the same. */
static __always_inline void on_vain_client_read(struct sock *sk, struct connection *client)
{
	struct thread *thread;

	if (client->burst || client->direction != DIRECTION_NONE)
		return;
	thread = thread_of_current(true);
	if (!thread)
		return;
	name_burst(&thread->client.burst, sk, client);
	thread->client.burst.burst = 1;
	thread->client.ticket = 0;
	thread->client.is_used = 0;
	thread->client.is_vain = 1;
	thread->client.is_resumed = 0;
	thread->client.is_over = 0;
	thread->client.is_answered = 0;
}

/* What this thread still holds of a socket that ends or goes on: left behind, it would shift all that follow. */
static __always_inline void forget_queued(struct thread *thread, struct connection *connection)
{
	if (connection->queued_by != thread_id())
		return;
	if (connection->role == ROLE_CONNECTED)
		queue_remove(&thread->responses, connection->ticket);
	else
		queue_remove(&thread->requests, connection->ticket);
	connection->ticket = 0;
}

static __always_inline void enqueue_response(struct thread *thread, struct connection *upstream)
{
	struct queue_entry *entry = queue_push(&thread->responses, &thread->upstream);

	entry->group = upstream->burst > 1 ? GROUP_REUSED : GROUP_FRESH;
	entry->cause_cookie = upstream->oldest.cookie;
	entry->cause_burst = upstream->oldest.burst;
	upstream->queued_by = thread_id();
	upstream->ticket = thread->responses.tail;
}

static __always_inline void on_upstream_read(struct sock *sk, struct connection *upstream, bool is_eof)
{
	struct thread *thread = thread_of_current(false);
	bool is_news = upstream->direction != DIRECTION_READ;

	if (!thread || !upstream->burst)
		return;
	if (is_eof && is_news)
		return;
	name_burst(&thread->upstream, sk, upstream);
	thread->is_client_last = 0;
	if (is_news) {
		upstream->direction = DIRECTION_READ;
		forget_queued(thread, upstream); /* a response that no client wanted any more */
		enqueue_response(thread, upstream);
	}
	resume_client(thread, upstream, is_news);
}

#define HANDSHAKE_BURSTS 2

static __always_inline void on_client_write(struct sock *sk, struct connection *client)
{
	struct thread *thread = thread_of_current(false);
	u64 cookie = bpf_get_socket_cookie(sk);
	struct hop_burst last = {}, oldest;
	bool is_linked;

	client->direction = DIRECTION_WRITE;
	if (!thread || !client->is_unanswered)
		return;
	client->is_unanswered = 0;
	if (thread->client.burst.cookie == cookie) {
		thread->client.is_resumed = 0;
		/* What a TLS server writes in its handshake (tickets after the second burst) ends no request. */
		thread->client.is_over = thread->client.is_used || client->burst > HANDSHAKE_BURSTS;
		thread->client.is_answered = 1;
	}
	is_linked = client->ticket && !queue_find(&thread->requests, client->ticket);
	queue_remove(&thread->requests, client->ticket);
	client->ticket = 0;
	if (!is_linked || !queue_take_caused(&thread->responses, cookie, client->burst, &oldest))
		queue_oldest(&thread->responses, &oldest, is_linked);
	if (!thread->is_client_last)
		last = thread->upstream;
	/* A proxy that answers by itself names nobody, and that is told; who never had an upstream is no proxy. */
	if (last.cookie || oldest.cookie || (thread->upstream.cookie && !thread->responses.ran_over))
		emit_link(sk, client, HOP_LINK_RESPONSE, &last, &oldest);
}

/*
 * A doubtful cause stays doubtful until a client is read that caused nothing yet: a stream proxy that writes
 * a PROXY header of its own names its client only with the bytes that follow.
 */
static __always_inline bool improve_cause(struct thread *thread, struct connection *upstream)
{
	if (upstream->cause != CAUSE_DOUBTFUL || thread->client.is_used || thread->client.is_answered)
		return false;
	upstream->last = thread->client.burst;
	upstream->cause = CAUSE_NONE;
	thread->client.is_used = 1;
	return true;
}

/* A second link for the same upstream burst replaces the first. */
static __always_inline void on_upstream_write(struct sock *sk, struct connection *upstream)
{
	struct thread *thread = thread_of_current(false);
	bool is_news = upstream->direction != DIRECTION_WRITE;

	upstream->direction = DIRECTION_WRITE;
	if (is_news)
		upstream->burst++;
	if (!thread)
		return;
	if (is_news && (upstream->cause == CAUSE_NONE || upstream->burst > 1)) {
		take_causes(thread, upstream);
		upstream->cause = CAUSE_NONE;
	} else if (upstream->cause == CAUSE_TAKEN) {
		upstream->cause = CAUSE_NONE;
	} else if (improve_cause(thread, upstream)) {
		is_news = true;
	}
	if (is_news && (upstream->last.cookie || upstream->oldest.cookie))
		emit_link(sk, upstream, HOP_LINK_REQUEST, &upstream->last, &upstream->oldest);
	/* What the client sent after its connect() was caused goes the same way: nothing else waits for it. */
	if (is_same_burst(&upstream->last, &thread->client.burst))
		thread->client.is_used = 1;
	if (is_same_burst(&upstream->oldest, &thread->client.burst))
		queue_remove(&thread->requests, thread->client.ticket);
}

#endif
