// SPDX-License-Identifier: Apache-2.0
/*
 * The load of `npm run bench -- agent`, run inside the lab's network namespaces.
 *
 *   load requests IP PORT PATH SECONDS IN_FLIGHT RATE   a new connection for each request; RATE 0: as fast as it goes
 *   load serve PORT                                     sends zeroes to whoever connects, until it is killed
 *   load fetch IP PORT SECONDS                          reads from `serve`
 *   load flood IP PORT SECONDS RATE                     SYNs from 203.0.113.128/26 that nobody will acknowledge
 *
 * Each ends with one JSON line on standard output.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IN_FLIGHT_MAX 4096
#define ANSWER_BYTES 16384
#define REQUEST_TIMEOUT_NS 3000000000ull

static char request[512];
static struct sockaddr_in target;

struct exchange {
	int fd; /* -1: idle */
	int is_sent;
	int has_answer;
	uint64_t started_ns;
};

struct totals {
	uint64_t started, served, failed, timed_out, latency_ns;
};

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_in address_of(const char *ip, const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };

	if (!inet_aton(ip, &address.sin_addr))
		die(ip);
	return address;
}

static void finish(struct exchange *exchange, struct totals *totals, int is_served)
{
	close(exchange->fd);
	exchange->fd = -1;
	if (is_served) {
		totals->served++;
		totals->latency_ns += now_ns() - exchange->started_ns;
	} else {
		totals->failed++;
	}
}

static void begin(struct exchange *exchange, int epoll_fd, struct totals *totals)
{
	struct epoll_event event = { .events = EPOLLOUT | EPOLLIN | EPOLLRDHUP, .data.ptr = exchange };

	*exchange = (struct exchange){ .started_ns = now_ns() };
	totals->started++;
	exchange->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (exchange->fd < 0)
		die("socket");
	if (connect(exchange->fd, (struct sockaddr *)&target, sizeof(target)) && errno != EINPROGRESS)
		finish(exchange, totals, 0);
	else if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, exchange->fd, &event))
		die("epoll_ctl");
}

static void advance(struct exchange *exchange, int epoll_fd, uint32_t events, struct totals *totals)
{
	struct epoll_event reads = { .events = EPOLLIN, .data.ptr = exchange };
	char answer[ANSWER_BYTES];
	ssize_t got;

	if (exchange->fd < 0)
		return;
	if (!exchange->is_sent) {
		if (events & EPOLLERR || send(exchange->fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
			finish(exchange, totals, 0);
			return;
		}
		exchange->is_sent = 1;
		epoll_ctl(epoll_fd, EPOLL_CTL_MOD, exchange->fd, &reads);
		return;
	}
	while ((got = recv(exchange->fd, answer, sizeof(answer), 0)) > 0)
		if (!exchange->has_answer)
			exchange->has_answer = got > 12 && !memcmp(answer + 9, "200", 3);
	if (got == 0)
		finish(exchange, totals, exchange->has_answer);
	else if (errno != EAGAIN)
		finish(exchange, totals, 0);
}

static void give_up_late(struct exchange *exchanges, int count, struct totals *totals)
{
	uint64_t now = now_ns();

	for (int i = 0; i < count; i++) {
		if (exchanges[i].fd < 0 || now - exchanges[i].started_ns < REQUEST_TIMEOUT_NS)
			continue;
		finish(&exchanges[i], totals, 0);
		totals->timed_out++;
	}
}

static void run_requests(double seconds, int in_flight, double rate)
{
	static struct exchange exchanges[IN_FLIGHT_MAX];
	struct epoll_event events[256];
	struct totals totals = { 0 };
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9), checked = start, now;

	if (in_flight > IN_FLIGHT_MAX)
		in_flight = IN_FLIGHT_MAX;
	for (int i = 0; i < in_flight; i++)
		exchanges[i].fd = -1;
	while ((now = now_ns()) < end) {
		uint64_t due = rate > 0 ? (uint64_t)((now - start) / 1e9 * rate) : UINT64_MAX;
		int count;

		for (int i = 0; i < in_flight && totals.started < due; i++)
			if (exchanges[i].fd < 0)
				begin(&exchanges[i], epoll_fd, &totals);
		count = epoll_wait(epoll_fd, events, 256, rate > 0 ? 1 : 50);
		for (int i = 0; i < count; i++)
			advance(events[i].data.ptr, epoll_fd, events[i].events, &totals);
		if (now - checked > 500000000ull) {
			give_up_late(exchanges, in_flight, &totals);
			checked = now;
		}
	}
	printf("{\"seconds\":%.6f,\"started\":%lu,\"served\":%lu,\"failed\":%lu,\"timedOut\":%lu,\"meanLatencyUs\":%.1f,\"cpuSeconds\":%.6f}\n",
	       (now_ns() - start) / 1e9, totals.started, totals.served, totals.failed, totals.timed_out,
	       totals.served ? totals.latency_ns / 1e3 / totals.served : 0, cpu_seconds());
}

static void run_serve(const char *port)
{
	static char zeroes[1 << 18];
	struct sockaddr_in address = address_of("0.0.0.0", port);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 16))
		die("listen");
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			die("accept");
		while (send(fd, zeroes, sizeof(zeroes), MSG_NOSIGNAL) > 0)
			;
		close(fd);
	}
}

static void run_fetch(double seconds)
{
	static char bytes[1 << 18];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t start, end, total = 0;
	ssize_t got = 1;

	if (connect(fd, (struct sockaddr *)&target, sizeof(target)))
		die("connect");
	start = now_ns();
	end = start + (uint64_t)(seconds * 1e9);
	while (got > 0 && now_ns() < end) {
		got = recv(fd, bytes, sizeof(bytes), 0);
		total += got > 0 ? got : 0;
	}
	printf("{\"seconds\":%.6f,\"bytes\":%lu}\n", (now_ns() - start) / 1e9, total);
}

static uint16_t checksum(const void *data, size_t bytes)
{
	const uint16_t *words = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

struct syn {
	struct iphdr ip;
	struct tcphdr tcp;
};

static struct syn syn_of(uint64_t number)
{
	struct {
		uint32_t src, dst;
		uint8_t zero, protocol;
		uint16_t length;
		struct tcphdr tcp;
	} pseudo = { 0 };
	struct syn syn = { 0 };

	syn.ip = (struct iphdr){ .version = 4, .ihl = 5, .tot_len = htons(sizeof(syn)), .ttl = 64, .protocol = IPPROTO_TCP };
	syn.ip.saddr = htonl(0xcb007180u + number % 64); /* 203.0.113.128 and on */
	syn.ip.daddr = target.sin_addr.s_addr;
	syn.tcp.source = htons(1024 + number / 64 % 60000);
	syn.tcp.dest = target.sin_port;
	syn.tcp.seq = htonl((uint32_t)(number * 2654435761u));
	syn.tcp.doff = 5;
	syn.tcp.syn = 1;
	syn.tcp.window = htons(1024);
	pseudo.src = syn.ip.saddr;
	pseudo.dst = syn.ip.daddr;
	pseudo.protocol = IPPROTO_TCP;
	pseudo.length = htons(sizeof(syn.tcp));
	pseudo.tcp = syn.tcp;
	syn.tcp.check = checksum(&pseudo, sizeof(pseudo));
	return syn;
}

static void run_flood(double seconds, double rate)
{
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9), sent = 0, failed = 0, now;

	if (fd < 0)
		die("raw socket");
	while ((now = now_ns()) < end) {
		uint64_t due = (uint64_t)((now - start) / 1e9 * rate);

		if (sent + failed >= due)
			usleep(200);
		for (int burst = 0; burst < 64 && sent + failed < due; burst++) {
			struct syn syn = syn_of(sent + failed);

			if (sendto(fd, &syn, sizeof(syn), 0, (struct sockaddr *)&target, sizeof(target)) == sizeof(syn))
				sent++;
			else
				failed++;
		}
	}
	printf("{\"seconds\":%.6f,\"sent\":%lu,\"failed\":%lu}\n", (now_ns() - start) / 1e9, sent, failed);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "serve") && argc == 3) {
		run_serve(argv[2]);
		return 0;
	}
	if (argc >= 5)
		target = address_of(argv[2], argv[3]);
	if (!strcmp(mode, "requests") && argc == 8) {
		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n", argv[4]);
		run_requests(atof(argv[5]), atoi(argv[6]), atof(argv[7]));
	} else if (!strcmp(mode, "fetch") && argc == 5) {
		run_fetch(atof(argv[4]));
	} else if (!strcmp(mode, "flood") && argc == 6) {
		run_flood(atof(argv[4]), atof(argv[5]));
	} else {
		fprintf(stderr, "load: see the head of load.c\n");
		return 2;
	}
	return 0;
}
