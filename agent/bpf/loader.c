// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * hoptrace-loader: loads hop.bpf.o, attaches it and copies what it emits to standard output until it is
 * told to stop, its output is closed or its parent dies. Links are file descriptors, so nothing stays
 * attached however it ends. It decides nothing about what it carries; hop.h says what that is.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "capabilities.h"
#include "check.h"
#include "conntrack.h"
#include "control.h"
#include "hello.h"
#include "namespaces.h"
#include "options.h"
#include "output.h"
#include "programs.h"

#define POLL_MS 20 /* records wait at most this long unless the ring holds 64 KiB */
#define QUIET_POLL_MS 60 /* the same, of the first record after a pause */
#define CONNTRACK_WAIT_MS 100
#define RECORDS_PER_ROUND 8192
#define ROUND_OVER (-ECANCELED)
#define SECOND_NS 1000000000ull
#define STATS_EVERY_NS SECOND_NS
#define HELLO_EVERY_NS (10 * SECOND_NS)
#define CLOCK_SAMPLES 5

static volatile sig_atomic_t should_stop;

struct agent {
	struct options options;
	struct programs programs;
	struct namespaces namespaces;
	struct output output;
	struct ring_buffer *ring;
	struct control control;
	struct conntrack conntrack;
	bool has_programs; /* else conntrack is the only source */
	struct text hello; /* as last written */
	int round_records;
	bool is_quiet; /* the last look found nothing */
	u64 next_stats_ns;
	u64 next_hello_ns;
};

/* A reader that stopped reading must not keep the agent from ending: blocked writes are given up in 1 s. */
static void on_stop_signal(int signal_number)
{
	static const struct itimerval SOON = { .it_value = { .tv_sec = 1 }, .it_interval = { .tv_sec = 1 } };

	(void)signal_number;
	should_stop = 1;
	setitimer(ITIMER_REAL, &SOON, NULL);
}

static void on_alarm(int signal_number)
{
	(void)signal_number;
	output_give_up = 1;
}

static void handle_signals(void)
{
	struct sigaction stop = { .sa_handler = on_stop_signal }; /* no SA_RESTART: writes must return */
	struct sigaction alarm = { .sa_handler = on_alarm };

	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGALRM, &alarm, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void die_with_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent) /* it died before the call */
		should_stop = 1;
}

static u64 now_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (u64)time.tv_sec * SECOND_NS + time.tv_nsec;
}

/* The tightest of a few readings of both clocks; its error is half the time that the reading took. */
static void write_clock(struct agent *agent)
{
	struct hop_clock clock = { 0 };
	u64 best_ns = UINT64_MAX;

	for (int i = 0; i < CLOCK_SAMPLES; i++) {
		u64 before = now_ns(CLOCK_MONOTONIC);
		u64 realtime = now_ns(CLOCK_REALTIME);
		u64 after = now_ns(CLOCK_MONOTONIC);

		if (after - before >= best_ns)
			continue;
		best_ns = after - before;
		clock.monotonic_ns = before + best_ns / 2;
		clock.realtime_minus_monotonic_ns = (s64)(realtime - clock.monotonic_ns);
	}
	output_frame(&agent->output, HOP_FRAME_CLOCK, &clock, sizeof(clock));
}

static void write_stats(struct agent *agent)
{
	struct hop_stats stats;

	programs_stats(&agent->programs, &stats);
	stats.checks_lost = agent->control.checks_lost;
	conntrack_tell_stats(&agent->conntrack);
	output_frame(&agent->output, HOP_FRAME_STATS, &stats, sizeof(stats));
}

/* Writes the hello if it differs from the one written last. */
static void write_hello(struct agent *agent)
{
	struct text fresh = { 0 };

	hello_write(&fresh, &agent->programs, &agent->namespaces, &agent->conntrack);
	programs_free_btf(&agent->programs);
	if (agent->hello.length == fresh.length && !memcmp(agent->hello.bytes, fresh.bytes, fresh.length)) {
		text_free(&fresh);
		return;
	}
	text_free(&agent->hello);
	agent->hello = fresh;
	control_devices_changed(&agent->control);
	output_frame(&agent->output, HOP_FRAME_HELLO, fresh.bytes, fresh.length);
}

/* Ring records are whole frames; see maps.bpf.h. */
static int on_record(void *context, void *data, size_t bytes)
{
	struct agent *agent = context;
	const struct hop_frame_head *head = data;

	if (bytes < sizeof(*head) || head->size > bytes)
		return 0;
	if (head->kind == HOP_RING_OPENED) {
		control_opened(&agent->control, (const struct hop_opened *)(head + 1));
		return 0;
	}
	if (head->kind == HOP_RING_NOTED) {
		control_noted(&agent->control, (const struct hop_opened *)(head + 1));
		return 0;
	}
	if (head->kind == HOP_FRAME_LEG)
		control_told(&agent->control, (const struct hop_leg *)(head + 1));
	output_frame(&agent->output, head->kind, head + 1, head->size - sizeof(*head));
	if (head->kind == HOP_FRAME_LEG && bytes > head->size) { /* with its exchange */
		head = (const void *)((const char *)data + head->size);
		output_frame(&agent->output, head->kind, head + 1, head->size - sizeof(*head));
	}
	if (agent->output.is_closed || ++agent->round_records >= RECORDS_PER_ROUND)
		return ROUND_OVER;
	return 0;
}

static void refresh_namespaces(struct agent *agent)
{
	int allowed = programs_map(&agent->programs, "allowed_namespaces");

	if (!namespaces_refresh(&agent->namespaces, allowed))
		return;
	write_hello(agent); /* before any packet of a namespace that nobody has heard of */
	if (agent->conntrack.use == CONNTRACK_OLD)
		return;
	conntrack_listen(&agent->conntrack, &agent->namespaces);
	conntrack_tell_old(&agent->conntrack, &agent->namespaces, now_ns(CLOCK_MONOTONIC));
}

static void run_timers(struct agent *agent)
{
	bool is_hello_due, is_stats_due, has_allow_list = agent->options.namespace_count > 0;
	u64 now = now_ns(CLOCK_MONOTONIC);

	is_hello_due = now >= agent->next_hello_ns;
	is_stats_due = now >= agent->next_stats_ns || agent->control.wants_stats;
	agent->control.wants_stats = false;
	/* An allow-list decides what is watched and is cheap to check; else all of /proc is read. */
	if (has_allow_list ? is_stats_due : is_hello_due)
		refresh_namespaces(agent);
	if (is_hello_due) {
		agent->next_hello_ns = now + HELLO_EVERY_NS;
		write_hello(agent);
		write_clock(agent);
	}
	if (is_stats_due) {
		agent->next_stats_ns = now + STATS_EVERY_NS;
		write_stats(agent);
	}
}

/* False where the ring cannot be read any more. */
static bool read_ring(struct agent *agent)
{
	struct pollfd wake_up = { .fd = ring_buffer__epoll_fd(agent->ring), .events = POLLIN };
	int consumed;

	poll(&wake_up, 1, agent->is_quiet ? QUIET_POLL_MS : POLL_MS);
	/* First: what conntrack says of a connection is to be known before its leg is told. */
	conntrack_read(&agent->conntrack, now_ns(CLOCK_MONOTONIC));
	consumed = ring_buffer__consume(agent->ring); /* what came without a wake-up, too */
	agent->is_quiet = !consumed;
	if (consumed >= 0 || consumed == ROUND_OVER || consumed == -EINTR)
		return true;
	fprintf(stderr, "hoptrace-loader: reading the ring buffer: %s; run with --verbose and report it\n",
		strerror(-consumed));
	return false;
}

static int run(struct agent *agent)
{
	while (!should_stop && !agent->output.is_closed) {
		run_timers(agent);
		output_flush(&agent->output);
		agent->round_records = 0;
		if (agent->has_programs) {
			control_run(&agent->control, &agent->output, now_ns(CLOCK_MONOTONIC));
			if (!read_ring(agent))
				return EXIT_RUNTIME;
		} else {
			conntrack_wait(&agent->conntrack, CONNTRACK_WAIT_MS);
			conntrack_read(&agent->conntrack, now_ns(CLOCK_MONOTONIC));
		}
	}
	agent->round_records = 0;
	if (agent->has_programs) {
		ring_buffer__consume(agent->ring);
		control_flush(&agent->control, &agent->output, now_ns(CLOCK_MONOTONIC));
	}
	write_stats(agent);
	output_flush(&agent->output);
	return EXIT_DONE;
}

static int open_ring(struct agent *agent)
{
	agent->ring = ring_buffer__new(programs_map(&agent->programs, "ring"), on_record, agent, NULL);
	if (!agent->ring) {
		fprintf(stderr, "hoptrace-loader: mapping the ring buffer: %s; give a smaller --ring-bytes\n",
			strerror(errno));
		return EXIT_RUNTIME;
	}
	if (!control_open(&agent->control, &agent->programs)) {
		fprintf(stderr, "hoptrace-loader: out of memory; raise the memory limit\n");
		return EXIT_RUNTIME;
	}
	return EXIT_DONE;
}

/* Says who speaks and from which clock, without which nothing else has a meaning; then what was there before. */
static void introduce(struct agent *agent)
{
	agent->next_hello_ns = now_ns(CLOCK_MONOTONIC) + HELLO_EVERY_NS;
	write_hello(agent);
	write_clock(agent);
	conntrack_tell_old(&agent->conntrack, &agent->namespaces, now_ns(CLOCK_MONOTONIC));
}

/*
 * Old connections are told before the programs are attached: of those that begin meanwhile, within milliseconds, some
 * are told by nobody, but none twice.
 */
static int start_programs(struct agent *agent)
{
	enum conntrack_use use;
	int code = programs_load(&agent->programs, &agent->options, agent->namespaces.host_inode);

	if (code)
		return code;
	use = agent->programs.has_conntrack ? CONNTRACK_OLD : CONNTRACK_NEW;
	namespaces_refresh(&agent->namespaces, programs_map(&agent->programs, "allowed_namespaces"));
	conntrack_start(&agent->conntrack, use, &agent->namespaces, &agent->output, now_ns(CLOCK_MONOTONIC));
	introduce(agent);
	code = programs_attach(&agent->programs);
	agent->has_programs = !code;
	return code;
}

static int start_degraded(struct agent *agent)
{
	namespaces_refresh(&agent->namespaces, -1);
	if (!conntrack_start(&agent->conntrack, CONNTRACK_ONLY, &agent->namespaces, &agent->output,
			     now_ns(CLOCK_MONOTONIC))) {
		fprintf(stderr, "hoptrace-loader: conntrack cannot stand in: %s\n", agent->conntrack.problem);
		return EXIT_PERMISSION;
	}
	introduce(agent);
	return EXIT_DONE;
}

static int start(struct agent *agent)
{
	const struct options *options = &agent->options;
	int code = EXIT_DONE;

	if (options->source == SOURCE_CONNTRACK) {
		programs_want(&agent->programs, options);
		programs_leave_out_all(&agent->programs, "--source conntrack");
	} else {
		code = start_programs(agent);
	}
	if (code) {
		fprintf(stderr, "hoptrace-loader: %s\n", agent->programs.problem);
		if (options->source == SOURCE_EBPF)
			return code;
		programs_leave_out_all(&agent->programs, agent->programs.problem);
	}
	code = agent->has_programs ? open_ring(agent) : start_degraded(agent);
	capabilities_drop(agent->conntrack.use != CONNTRACK_OLD);
	return code;
}

int main(int argc, char **argv)
{
	static struct agent agent;
	pid_t parent = getppid();
	int code;

	options_parse(&agent.options, argc, argv);
	if (agent.options.want_check)
		return check_run(&agent.options);
	handle_signals();
	die_with_parent(parent);
	agent.output.want_json = agent.options.want_json;
	code = namespaces_open(&agent.namespaces, &agent.options);
	if (!code)
		code = start(&agent);
	if (!code)
		code = run(&agent);
	ring_buffer__free(agent.ring);
	programs_stop(&agent.programs);
	conntrack_stop(&agent.conntrack);
	return code;
}
