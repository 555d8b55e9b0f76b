/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The command line. */
#ifndef HOP_OPTIONS_H
#define HOP_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMESPACES_MAX 1024

/* Exit codes; --help lists them. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_RUNTIME = 1,    /* something failed while running */
	EXIT_USAGE = 2,      /* wrong option, or a namespace that is not there */
	EXIT_PERMISSION = 3, /* capabilities or lockdown */
	EXIT_NO_BTF = 4,     /* the kernel does not describe its types */
	EXIT_REFUSED = 5,    /* the verifier refused the programs, or they could not be attached */
	EXIT_NO_OBJECT = 6,  /* hop.bpf.o missing or broken */
};

enum source_option {
	SOURCE_AUTO, /* eBPF, and conntrack alone where that cannot be had */
	SOURCE_EBPF,
	SOURCE_CONNTRACK,
};

struct named_path {
	char name[128];
	char path[PATH_MAX];
};

struct options {
	char object[PATH_MAX];
	char host_netns[PATH_MAX];
	char cgroup[PATH_MAX]; /* empty: found in /proc/self/mounts */
	bool is_host_netns_given;
	bool want_proxy_header;
	bool want_proxy_links;
	bool want_heads;
	bool want_json;
	bool want_check;
	bool is_verbose;
	uint32_t ring_bytes;
	uint32_t flow_count;
	uint32_t exchanges; /* enum hop_exchanges */
	enum source_option source;
	const char *pretend_missing; /* NULL, or a list with commas */
	struct named_path *namespaces; /* --netns, in order */
	int namespace_count;
};

/* Exits with EXIT_USAGE and one line on stderr where the command line is wrong; prints and exits 0 on --help. */
void options_parse(struct options *options, int argc, char **argv);
/* For tests: this kernel has `what` and is to be treated as one without. */
bool options_pretends_missing(const struct options *options, const char *what);
/* The root of the cgroup v2 tree: as given, or as mounted; an empty text where it is not. */
void options_cgroup_path(const struct options *options, char *path, size_t size);

#endif
