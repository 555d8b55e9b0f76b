// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "conntrack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_compat.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "conntrack_message.h"
#include "conntrack_old.h"

#define LISTENERS_MAX 64
/* Of one namespace: about 6,000 events, more than a second of 1,000 connections. What does not fit is an overrun. */
#define BUFFER_BYTES (4 << 20)
#define MESSAGE_BYTES 8192
#define MESSAGES_PER_ROUND 8192
#define DUMP_TIMEOUT_S 2
#define SECOND_NS 1000000000ull
#define LISTEN_FOR_OLD_NS (300 * SECOND_NS) /* so long an agent remembers an open connection */
#define STATE_SYN_SENT 1
#define STATE_SYN_RECV 2
#define STATE_ESTABLISHED 3
#define STATE_CLOSE_WAIT 5
#define STATE_SYN_SENT2 9

struct conntrack_listener {
	struct mnl_socket *socket;
	u32 netns;
	bool has_told_old;
};

static bool is_loopback(const struct hop_conntrack *entry)
{
	const struct in6_addr *address = (const struct in6_addr *)entry->original.src;

	return IN6_IS_ADDR_LOOPBACK(address) || (IN6_IS_ADDR_V4MAPPED(address) && entry->original.src[12] == 127);
}

/* What is in the handshake eBPF sees itself; what has ended is over. */
static bool is_worth_telling(const struct conntrack *conntrack, const struct hop_conntrack *entry)
{
	u8 state = entry->tcp_state;

	if (state >= STATE_ESTABLISHED && state <= STATE_CLOSE_WAIT)
		return true;
	return conntrack->use == CONNTRACK_ONLY &&
	       (state == STATE_SYN_SENT || state == STATE_SYN_RECV || state == STATE_SYN_SENT2);
}

static bool is_told(const struct conntrack *conntrack, const struct hop_conntrack *entry)
{
	if (is_loopback(entry))
		return false;
	if (entry->event == HOP_CT_OLD)
		return is_worth_telling(conntrack, entry);
	if (conntrack->use == CONNTRACK_OLD)
		return entry->event == HOP_CT_DESTROY && conntrack_old_forget(entry);
	return true;
}

static void on_message(struct conntrack *conntrack, u32 netns, const struct nlmsghdr *message, u64 now_ns)
{
	struct hop_conntrack entry;
	enum conntrack_message what = conntrack_parse(message, &entry);

	entry.at_ns = now_ns;
	entry.netns = netns;
	conntrack->stats.unreadable += what == CONNTRACK_UNREADABLE;
	if (what != CONNTRACK_TCP || !is_told(conntrack, &entry))
		return;
	if (entry.event == HOP_CT_OLD) {
		conntrack->stats.old_found++;
		if (conntrack->use == CONNTRACK_OLD)
			conntrack_old_remember(&entry);
	}
	output_frame(conntrack->output, HOP_FRAME_CONNTRACK, &entry, sizeof(entry));
}

static unsigned int groups_of(enum conntrack_use use)
{
	if (use == CONNTRACK_OLD)
		return NF_NETLINK_CONNTRACK_DESTROY;
	if (use == CONNTRACK_NEW)
		return NF_NETLINK_CONNTRACK_NEW | NF_NETLINK_CONNTRACK_DESTROY;
	return NF_NETLINK_CONNTRACK_NEW | NF_NETLINK_CONNTRACK_UPDATE | NF_NETLINK_CONNTRACK_DESTROY;
}

static struct mnl_socket *open_listener(enum conntrack_use use)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int bytes = BUFFER_BYTES;

	if (!socket)
		return NULL;
	/* The one needs CAP_NET_ADMIN and is not capped by net.core.rmem_max. */
	if (setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (!mnl_socket_bind(socket, groups_of(use), MNL_SOCKET_AUTOPID))
		return socket;
	mnl_socket_close(socket);
	return NULL;
}

/* Negative: what the kernel answered. 1: more to come. */
static int read_dump(struct conntrack *conntrack, u32 netns, const char *buffer, int bytes, u64 now_ns)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;

	for (; mnl_nlmsg_ok(message, bytes); message = mnl_nlmsg_next(message, &bytes)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return 0;
		if (message->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(message))->error;
		on_message(conntrack, netns, message, now_ns);
	}
	return 1;
}

/* In the namespace that this thread is in. 0, or a negative error. */
static int dump(struct conntrack *conntrack, u32 netns, u64 now_ns)
{
	struct timeval timeout = { .tv_sec = DUMP_TIMEOUT_S };
	char buffer[MESSAGE_BYTES] __attribute__((aligned(8)));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *general;
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int result = 1;

	if (!socket)
		return -errno;
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	request->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = 1; /* events have none: see conntrack_message.c */
	general = mnl_nlmsg_put_extra_header(request, sizeof(*general));
	*general = (struct nfgenmsg){ .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 };
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) ||
	    mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		result = -errno;
	while (result == 1) {
		int bytes = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

		result = bytes < 0 ? -errno : read_dump(conntrack, netns, buffer, bytes, now_ns);
	}
	mnl_socket_close(socket);
	return result;
}

/* False where the namespace cannot be entered. */
static bool enter(const struct namespaces *namespaces, const struct namespace_entry *entry)
{
	int fd = open(entry->path, O_RDONLY | O_CLOEXEC);
	bool is_in = fd >= 0 && !setns(fd, CLONE_NEWNET);

	if (fd >= 0)
		close(fd);
	/* The own namespace needs no entering. */
	return is_in || (!namespaces->can_enter && entry->inode == namespaces_own_inode());
}

static void leave(const struct namespaces *namespaces)
{
	if (!namespaces->can_enter || !setns(namespaces->own_fd, CLONE_NEWNET))
		return;
	perror("hoptrace-loader: cannot return to the own network namespace");
	exit(EXIT_RUNTIME);
}

static void note_problem(struct conntrack *conntrack, const char *name, const char *what, int error)
{
	snprintf(conntrack->problem, sizeof(conntrack->problem), "%.60s: %s: %s", name, what, strerror(error));
}

static void listen_in(struct conntrack *conntrack, const struct namespaces *namespaces,
		      const struct namespace_entry *entry)
{
	struct conntrack_listener *listener = &conntrack->listener[conntrack->count];

	if (!enter(namespaces, entry)) {
		note_problem(conntrack, entry->name, "cannot be entered", errno);
		return;
	}
	*listener = (struct conntrack_listener){ .socket = open_listener(conntrack->use), .netns = entry->inode };
	if (listener->socket)
		conntrack->count++;
	else
		note_problem(conntrack, entry->name, "listening", errno);
	leave(namespaces);
}

static bool is_wanted(const struct namespaces *namespaces, const struct namespace_entry *entry)
{
	/* Where all are watched, the node's own sees what goes through the node. */
	return namespaces->options->namespace_count || entry->inode == namespaces->host_inode;
}

static bool is_listened_to(const struct conntrack *conntrack, u32 netns)
{
	for (int i = 0; i < conntrack->count; i++)
		if (conntrack->listener[i].netns == netns)
			return true;
	return false;
}

static void stop_listening(struct conntrack *conntrack, int index)
{
	mnl_socket_close(conntrack->listener[index].socket);
	conntrack->listener[index] = conntrack->listener[--conntrack->count];
}

void conntrack_listen(struct conntrack *conntrack, const struct namespaces *namespaces)
{
	for (int i = conntrack->count - 1; i >= 0; i--)
		if (!namespaces_has(namespaces, conntrack->listener[i].netns))
			stop_listening(conntrack, i);
	for (int i = 0; i < namespaces->count && conntrack->count < LISTENERS_MAX; i++) {
		const struct namespace_entry *entry = &namespaces->entry[i];

		if (is_wanted(namespaces, entry) && !is_listened_to(conntrack, entry->inode))
			listen_in(conntrack, namespaces, entry);
	}
	conntrack->stats.namespaces = conntrack->count;
}

static void tell_old_in(struct conntrack *conntrack, struct conntrack_listener *listener,
			const struct namespaces *namespaces, u64 now_ns)
{
	for (int i = 0; i < namespaces->count; i++) {
		const struct namespace_entry *entry = &namespaces->entry[i];
		int error;

		if (entry->inode != listener->netns || !enter(namespaces, entry))
			continue;
		error = dump(conntrack, entry->inode, now_ns);
		if (error) {
			note_problem(conntrack, entry->name, "reading the table", -error);
			fprintf(stderr, "hoptrace-loader: conntrack: %s; old connections are not known\n",
				conntrack->problem);
		}
		leave(namespaces);
	}
}

void conntrack_tell_old(struct conntrack *conntrack, const struct namespaces *namespaces, u64 now_ns)
{
	for (int i = 0; i < conntrack->count; i++) {
		if (!conntrack->listener[i].has_told_old)
			tell_old_in(conntrack, &conntrack->listener[i], namespaces, now_ns);
		conntrack->listener[i].has_told_old = true;
	}
}

bool conntrack_start(struct conntrack *conntrack, enum conntrack_use use, const struct namespaces *namespaces,
		     struct output *output, u64 now_ns)
{
	conntrack_stop(conntrack);
	*conntrack = (struct conntrack){ .use = use, .output = output };
	conntrack->listener = calloc(LISTENERS_MAX, sizeof(*conntrack->listener));
	if (use == CONNTRACK_OLD)
		conntrack->listen_until_ns = now_ns + LISTEN_FOR_OLD_NS;
	if (conntrack->listener)
		conntrack_listen(conntrack, namespaces);
	return conntrack->count > 0;
}

static void read_listener(struct conntrack *conntrack, struct conntrack_listener *listener, u64 now_ns)
{
	char buffer[MESSAGE_BYTES] __attribute__((aligned(8)));

	for (int i = 0; i < MESSAGES_PER_ROUND; i++) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
		int bytes = mnl_socket_recvfrom(listener->socket, buffer, sizeof(buffer));

		if (bytes < 0 && errno == ENOBUFS) {
			conntrack->stats.overruns++;
			continue;
		}
		if (bytes < 0 && errno != ENOSPC) /* ENOSPC: cut, which no message of conntrack is so far */
			return;
		conntrack->stats.unreadable += bytes < 0;
		for (; bytes > 0 && mnl_nlmsg_ok(message, bytes); message = mnl_nlmsg_next(message, &bytes)) {
			conntrack->stats.events_read++;
			on_message(conntrack, listener->netns, message, now_ns);
		}
	}
}

void conntrack_read(struct conntrack *conntrack, u64 now_ns)
{
	for (int i = 0; i < conntrack->count; i++)
		read_listener(conntrack, &conntrack->listener[i], now_ns);
	/* Nobody waits for the end of old connections any longer: the kernel need not make events of all the others. */
	while (conntrack->listen_until_ns && now_ns >= conntrack->listen_until_ns && conntrack->count)
		stop_listening(conntrack, 0);
}

void conntrack_wait(struct conntrack *conntrack, int timeout_ms)
{
	struct pollfd fds[LISTENERS_MAX];

	for (int i = 0; i < conntrack->count; i++)
		fds[i] = (struct pollfd){ .fd = mnl_socket_get_fd(conntrack->listener[i].socket), .events = POLLIN };
	poll(fds, conntrack->count, timeout_ms);
}

void conntrack_tell_stats(struct conntrack *conntrack)
{
	if (!memcmp(&conntrack->stats, &conntrack->told, sizeof(conntrack->stats)))
		return;
	conntrack->told = conntrack->stats;
	output_frame(conntrack->output, HOP_FRAME_CONNTRACK_STATS, &conntrack->stats, sizeof(conntrack->stats));
}

void conntrack_stop(struct conntrack *conntrack)
{
	while (conntrack->count)
		stop_listening(conntrack, 0);
	free(conntrack->listener);
	conntrack->listener = NULL;
}
