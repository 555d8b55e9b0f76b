// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "programs.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "messages.h"
#include "probes.h"
#include "settings.h"

const char *const FEATURE_NAMES[FEATURE_COUNT] = { "packets", "drops", "proxyHeader", "proxyLinks", "payload" };

struct program {
	const char *name;
	enum feature feature;
	const char *tracepoint; /* NULL: the cgroup program */
	const char *since;      /* kernel that brought it */
};

static const struct program PROGRAMS[] = {
	{ "on_receive", FEATURE_PACKETS, "netif_receive_skb", "5.8" },
	{ "on_transmit", FEATURE_PACKETS, "net_dev_queue", "5.8" },
	{ "on_drop", FEATURE_DROPS, "kfree_skb", "5.17, which brought drop reasons" },
	{ "on_socket_ingress", FEATURE_PROXY_HEADER, NULL, "5.9" },
	{ "on_payload_received", FEATURE_PAYLOAD, NULL, "5.9" },
	{ "on_payload_sent", FEATURE_PAYLOAD, NULL, "5.9" },
	{ "on_socket_state", FEATURE_PROXY_LINKS, "inet_sock_set_state", "5.12" },
	{ "on_socket_read", FEATURE_PROXY_LINKS, "sock_recv_length", "6.3" },
	{ "on_socket_write", FEATURE_PROXY_LINKS, "sock_send_length", "6.3" },
};

#define STATS_COUNT (sizeof(struct hop_stats) / sizeof(u64)) /* it holds nothing else */
#define PROGRAM_COUNT (sizeof(PROGRAMS) / sizeof(PROGRAMS[0]))

_Static_assert(PROGRAM_COUNT <= PROGRAMS_MAX, "PROGRAMS_MAX");

static void leave_out(struct programs *programs, enum feature feature, const char *format, const char *detail)
{
	struct feature_state *state = &programs->feature[feature];

	state->is_active = false;
	if (!*state->note)
		snprintf(state->note, sizeof(state->note), format, detail);
}

/* What can be known before loading. */
static void choose_features(struct programs *programs)
{
	char cgroup[PATH_MAX];

	for (int f = 0; f < FEATURE_COUNT; f++)
		if (!(programs->feature[f].is_active = programs->feature[f].is_wanted))
			snprintf(programs->feature[f].note, sizeof(programs->feature[f].note), "not asked for");
	for (size_t i = 0; i < PROGRAM_COUNT; i++)
		if (PROGRAMS[i].tracepoint && !probe_tracepoint(programs->options, programs->kernel_btf, PROGRAMS[i].tracepoint))
			leave_out(programs, PROGRAMS[i].feature, "this kernel has no such tracepoint; needs Linux %s",
				  PROGRAMS[i].since);
	if (!probe_drop_reasons(programs->options, programs->kernel_btf))
		leave_out(programs, FEATURE_DROPS, "this kernel gives no drop reasons; needs Linux %s", "5.17");
	if (!programs->feature[FEATURE_PROXY_HEADER].is_active && !programs->feature[FEATURE_PAYLOAD].is_active)
		return;
	options_cgroup_path(programs->options, cgroup, sizeof(cgroup));
	if (options_pretends_missing(programs->options, "cgroup"))
		*cgroup = 0;
	programs->cgroup_fd = *cgroup ? open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	for (size_t i = 0; programs->cgroup_fd < 0 && i < PROGRAM_COUNT; i++)
		if (!PROGRAMS[i].tracepoint)
			leave_out(programs, PROGRAMS[i].feature,
				  "cannot open the cgroup v2 root '%.100s'; mount it or give --cgroup", cgroup);
}

/* Another object than hop.bpf.o (--object) may do without the map. */
static void set_entries(struct bpf_object *object, const char *name, uint32_t count)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (map)
		bpf_map__set_max_entries(map, count);
}

static void leave_out_map(struct bpf_object *object, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (map)
		bpf_map__set_autocreate(map, false);
}

static int open_object(struct programs *programs)
{
	struct bpf_map *map;
	struct hop_settings *settings; /* const in libbpf 1.1, written in place before the load all the same */
	size_t size = 0;

	programs->object = bpf_object__open_file(programs->options->object, NULL);
	if (!programs->object)
		return -errno;
	map = bpf_object__find_map_by_name(programs->object, HOP_SETTINGS_SECTION);
	settings = map ? (struct hop_settings *)bpf_map__initial_value(map, &size) : NULL;
	if (!settings || size != sizeof(*settings))
		return -EINVAL;
	settings->all_namespaces = programs->options->namespace_count == 0;
	settings->wake_bytes = WAKE_BYTES;
	settings->cpu_count = libbpf_num_possible_cpus();
	settings->host_netns = programs->host_netns;
	settings->exchanges = programs->options->exchanges;
	settings->heads = programs->options->want_heads;
	settings->conntrack = programs->has_conntrack;
	settings->shared_bytes = programs->options->ring_bytes / 4 * 3;
	if (getrandom(&settings->hash_seed, sizeof(settings->hash_seed), 0) != sizeof(settings->hash_seed))
		return -errno;
	set_entries(programs->object, "ring", programs->options->ring_bytes);
	set_entries(programs->object, "legs", programs->options->flow_count);
	return 0;
}

static void close_object(struct programs *programs)
{
	bpf_object__close(programs->object);
	programs->object = NULL;
}

/* Opens and loads the programs of the features in the mask; maps of other features are not created. */
static int load(struct programs *programs, unsigned int features)
{
	int error;

	messages_clear();
	error = open_object(programs);
	for (size_t i = 0; !error && i < PROGRAM_COUNT; i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(programs->object, PROGRAMS[i].name);

		error = program ? bpf_program__set_autoload(program, features & 1u << PROGRAMS[i].feature) : -ENOENT;
	}
	if (!error && !(features & 1u << FEATURE_PROXY_LINKS)) {
		leave_out_map(programs->object, "connections");
		leave_out_map(programs->object, "threads");
	}
	if (!error)
		error = bpf_object__load(programs->object);
	if (error)
		close_object(programs);
	return error;
}

static unsigned int active_features(const struct programs *programs)
{
	unsigned int mask = 0;

	for (int f = 0; f < FEATURE_COUNT; f++)
		mask |= (unsigned int)programs->feature[f].is_active << f;
	return mask;
}

/* All at once where the kernel takes them; else each optional feature is tried alone beside the packets. */
static int load_possible(struct programs *programs)
{
	int error = load(programs, active_features(programs));

	if (!error)
		return 0;
	for (int f = FEATURE_PACKETS + 1; f < FEATURE_COUNT; f++) {
		if (!programs->feature[f].is_active)
			continue;
		if (load(programs, 1u << FEATURE_PACKETS | 1u << f))
			leave_out(programs, f, "refused by this kernel: %.200s", messages_last());
		else
			close_object(programs);
	}
	return load(programs, active_features(programs));
}

static bool attach(struct programs *programs, const struct program *entry)
{
	struct bpf_program *program = bpf_object__find_program_by_name(programs->object, entry->name);
	struct bpf_link *link = entry->tracepoint ? bpf_program__attach(program) :
						    bpf_program__attach_cgroup(program, programs->cgroup_fd);

	if (!link)
		return false;
	programs->link[programs->link_count++] = link;
	return true;
}

int programs_attach(struct programs *programs)
{
	for (size_t i = 0; i < PROGRAM_COUNT; i++) {
		const struct program *entry = &PROGRAMS[i];
		char reason[128];

		if (!programs->feature[entry->feature].is_active || attach(programs, entry))
			continue;
		snprintf(reason, sizeof(reason), "%s: %s", entry->name, strerror(errno));
		if (entry->feature == FEATURE_PACKETS) {
			snprintf(programs->problem, sizeof(programs->problem),
				 "cannot attach %s; run with --verbose and report it", reason);
			programs_stop(programs);
			return EXIT_REFUSED;
		}
		leave_out(programs, entry->feature, "cannot attach %s", reason);
	}
	return EXIT_DONE;
}

static int explain_load_error(struct programs *programs, int error)
{
	if (error == -EPERM) { /* EACCES is the verifier's */
		snprintf(programs->problem, sizeof(programs->problem),
			 "the kernel forbids loading eBPF (%s); give CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, and check "
			 "/sys/kernel/security/lockdown (confidentiality forbids it)",
			 strerror(-error));
		return EXIT_PERMISSION;
	}
	snprintf(programs->problem, sizeof(programs->problem),
		 "the kernel refused the programs (%s): %.200s; run with --verbose and report it", strerror(-error),
		 messages_last());
	return EXIT_REFUSED;
}

static int load_wanted(struct programs *programs)
{
	int code, error;

	code = probe_requirements(programs->options, &programs->kernel_btf, programs->problem, sizeof(programs->problem));
	if (code)
		return code;
	programs->has_conntrack = probe_conntrack_types(programs->options, programs->kernel_btf,
							programs->conntrack_note, sizeof(programs->conntrack_note));
	choose_features(programs);
	if (!programs->feature[FEATURE_PACKETS].is_active) {
		snprintf(programs->problem, sizeof(programs->problem), "packets: %s",
			 programs->feature[FEATURE_PACKETS].note);
		return EXIT_REFUSED;
	}
	error = load_possible(programs);
	return error ? explain_load_error(programs, error) : EXIT_DONE;
}

void programs_want(struct programs *programs, const struct options *options)
{
	*programs = (struct programs){ .options = options, .cgroup_fd = -1 };
	programs->feature[FEATURE_PACKETS].is_wanted = true;
	programs->feature[FEATURE_DROPS].is_wanted = true;
	programs->feature[FEATURE_PROXY_HEADER].is_wanted = options->want_proxy_header;
	programs->feature[FEATURE_PROXY_LINKS].is_wanted = options->want_proxy_links;
	programs->feature[FEATURE_PAYLOAD].is_wanted = options->exchanges != HOP_EXCHANGES_OFF;
}

int programs_load(struct programs *programs, const struct options *options, uint32_t host_netns)
{
	int code;

	programs_want(programs, options);
	programs->host_netns = host_netns;
	messages_start(options->is_verbose);
	code = load_wanted(programs);
	if (code)
		programs_stop(programs);
	return code;
}

void programs_leave_out_all(struct programs *programs, const char *why)
{
	snprintf(programs->conntrack_note, sizeof(programs->conntrack_note), "%.199s", why);
	for (int f = 0; f < FEATURE_COUNT; f++) {
		programs->feature[f].is_active = false;
		snprintf(programs->feature[f].note, sizeof(programs->feature[f].note), "%.250s",
			 programs->feature[f].is_wanted ? why : "not asked for");
	}
}

int programs_map(const struct programs *programs, const char *name)
{
	return programs->object ? bpf_object__find_map_fd_by_name(programs->object, name) : -1;
}

struct hop_control *programs_control(const struct programs *programs)
{
	int fd = programs_map(programs, HOP_CONTROL_SECTION);
	void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int programs_running(uint32_t *ids, int max)
{
	uint32_t id = 0;
	int count = 0;

	if (bpf_prog_get_next_id(0, &id))
		return errno == ENOENT ? 0 : -1;
	id = 0;
	while (count < max && !bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &size))
			for (size_t i = 0; i < PROGRAM_COUNT; i++)
				if (!strncmp(info.name, PROGRAMS[i].name, sizeof(info.name) - 1)) /* cut by the kernel */
					ids[count++] = id;
		close(fd);
	}
	return count;
}

void programs_stats(const struct programs *programs, struct hop_stats *sum)
{
	int cpu_count = libbpf_num_possible_cpus();
	u64 *per_cpu = cpu_count > 0 ? calloc(cpu_count, sizeof(struct hop_stats)) : NULL;
	u64 *counter = (u64 *)sum;
	u32 zero = 0;

	*sum = (struct hop_stats){ 0 };
	if (per_cpu && !bpf_map_lookup_elem(programs_map(programs, "counters"), &zero, per_cpu))
		for (size_t i = 0; i < cpu_count * STATS_COUNT; i++)
			counter[i % STATS_COUNT] += per_cpu[i];
	free(per_cpu);
}

void programs_free_btf(struct programs *programs)
{
	btf__free(programs->kernel_btf);
	programs->kernel_btf = NULL;
}

void programs_stop(struct programs *programs)
{
	for (int i = 0; i < programs->link_count; i++)
		bpf_link__destroy(programs->link[i]);
	programs->link_count = 0;
	close_object(programs);
	if (programs->cgroup_fd >= 0)
		close(programs->cgroup_fd);
	programs->cgroup_fd = -1;
	programs_free_btf(programs);
}
