// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "capabilities.h"
#include "conntrack.h"
#include "namespaces.h"
#include "programs.h"
#include "text.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

static void add_check(struct text *json, const char *name, bool is_ok, const char *detail, const char *remedy)
{
	text_comma(json);
	text_add(json, "{\"name\":\"%s\",\"ok\":%s,\"detail\":", name, is_ok ? "true" : "false");
	text_add_json(json, detail);
	text_add(json, ",\"remedy\":");
	if (is_ok)
		text_add(json, "null");
	else
		text_add_json(json, remedy);
	text_add(json, "}");
}

static void check_host(struct text *json, const struct options *options)
{
	char text[PATH_MAX];
	bool is_ok = capabilities_suffice(text, sizeof(text));

	add_check(json, "capabilities", is_ok, is_ok ? "CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN" : text,
		  "run as root, or give CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and, for interface names, CAP_SYS_ADMIN");
	is_ok = !access(KERNEL_BTF, R_OK);
	add_check(json, "btf", is_ok, KERNEL_BTF,
		  "use a kernel with CONFIG_DEBUG_INFO_BTF=y: Debian 11+, Ubuntu 20.10+, RHEL 8.2+, Fedora 32+");
	options_cgroup_path(options, text, sizeof(text));
	is_ok = *text && !access(text, R_OK | X_OK);
	add_check(json, "cgroup2", is_ok, *text ? text : "not mounted",
		  "mount cgroup2 or give --cgroup; only PROXY headers need it");
	is_ok = !access(options->host_netns, R_OK);
	add_check(json, "hostNetns", is_ok, options->host_netns,
		  "share the host's process namespace (hostPID) or give --host-netns; else this process's own namespace "
		  "is taken for the node's");
	is_ok = !access(options->object, R_OK);
	add_check(json, "object", is_ok, options->object, "build it with 'npm run agent:build'");
}

/* Before anything is loaded here. A second agent on a node doubles its cost and every record. */
static void check_others(struct text *json)
{
	uint32_t ids[128];
	int count = programs_running(ids, 128);
	struct text list = { 0 };

	if (count < 0)
		text_add(&list, "not known: listing programs takes CAP_SYS_ADMIN");
	else
		text_add(&list, count ? "programs of other loaders:" : "no other loader runs");
	for (int i = 0; i < count; i++)
		text_add(&list, " %u", ids[i]);
	add_check(json, "alone", count <= 0, list.bytes, "run one agent on a node: each packet passes the programs of all of them");
	text_free(&list);
}

static void check_programs(struct text *json, const struct programs *programs, int code)
{
	for (int f = 0; f < FEATURE_COUNT; f++) {
		const struct feature_state *state = &programs->feature[f];
		bool is_ok = !code && state->is_active;

		add_check(json, FEATURE_NAMES[f], is_ok, is_ok ? "loaded, attached and detached" : "not available",
			  *state->note ? state->note : "see the message on standard error");
	}
	add_check(json, "conntrack", programs->has_conntrack,
		  programs->has_conntrack ? "the programs can read its types" : "the programs cannot read its types",
		  *programs->conntrack_note ? programs->conntrack_note :
					      "load the module nf_conntrack before the agent; its netlink interface stands in");
}

/* What it finds goes nowhere. */
static bool check_netlink(struct text *json, const struct options *options)
{
	static struct output nowhere = { .is_closed = true };
	struct namespaces namespaces;
	static struct conntrack conntrack;
	bool is_ok = false;
	char detail[80] = "";

	if (!namespaces_open(&namespaces, options)) {
		namespaces_refresh(&namespaces, -1);
		is_ok = conntrack_start(&conntrack, CONNTRACK_ONLY, &namespaces, &nowhere, 0);
		conntrack_tell_old(&conntrack, &namespaces, 0);
		snprintf(detail, sizeof(detail), "%llu TCP connections in the tables of %d namespaces",
			 (unsigned long long)conntrack.stats.old_found, conntrack.count);
		conntrack_stop(&conntrack);
	}
	add_check(json, "conntrackNetlink", is_ok, is_ok ? detail : conntrack.problem,
		  "load the module nf_conntrack_netlink and give CAP_NET_ADMIN in the node's namespace; without it old "
		  "connections are not known, and there is nothing to fall back to");
	return is_ok;
}

static int load_and_attach(struct programs *programs, const struct options *options)
{
	int code = EXIT_DONE;

	if (options->source == SOURCE_CONNTRACK) {
		programs_want(programs, options);
		programs_leave_out_all(programs, "--source conntrack");
		return EXIT_REFUSED;
	}
	code = programs_load(programs, options, 0);
	if (!code)
		code = programs_attach(programs);
	if (code) {
		fprintf(stderr, "hoptrace-loader: %s\n", programs->problem);
		programs_leave_out_all(programs, programs->problem);
	}
	return code;
}

int check_run(const struct options *options)
{
	struct options all = *options;
	struct programs programs;
	struct utsname system;
	struct text json = { 0 }, checks = { 0 };
	bool has_netlink;
	int code, verdict;

	all.want_proxy_header = true;
	all.want_proxy_links = true;
	all.exchanges = HOP_EXCHANGES_ALL;
	all.want_heads = true;
	uname(&system);
	check_host(&checks, options);
	check_others(&checks);
	code = load_and_attach(&programs, &all);
	check_programs(&checks, &programs, code);
	has_netlink = check_netlink(&checks, options);
	verdict = code && has_netlink && options->source != SOURCE_EBPF ? EXIT_DONE : code;
	text_add(&json, "{\"ok\":%s,\"source\":\"%s\",\"exitCode\":%d,\"kernel\":", verdict ? "false" : "true",
		 !code ? "ebpf" : verdict ? "none" : "conntrack", verdict);
	text_add_json(&json, system.release);
	text_add(&json, ",\"architecture\":");
	text_add_json(&json, system.machine);
	text_add(&json, ",\"checks\":[%s]}\n", checks.bytes);
	programs_stop(&programs);
	fwrite(json.bytes, 1, json.length, stdout);
	text_free(&json);
	text_free(&checks);
	return verdict;
}
