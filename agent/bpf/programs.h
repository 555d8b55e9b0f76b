/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The eBPF object: what this kernel can load of it, loading and attaching. */
#ifndef HOP_PROGRAMS_H
#define HOP_PROGRAMS_H

#include <bpf/libbpf.h>
#include <stdbool.h>

#include "hop.h"
#include "options.h"
#include "settings.h"

enum feature {
	FEATURE_PACKETS, /* without it there is nothing to see; the others are optional */
	FEATURE_DROPS,
	FEATURE_PROXY_HEADER,
	FEATURE_PROXY_LINKS,
	FEATURE_PAYLOAD,
	FEATURE_COUNT,
};

extern const char *const FEATURE_NAMES[FEATURE_COUNT];

struct feature_state {
	bool is_wanted;
	bool is_active;
	char note[256]; /* why it is not active, and what to do */
};

#define PROGRAMS_MAX 16

struct programs {
	const struct options *options;
	struct btf *kernel_btf;
	struct bpf_object *object;
	struct bpf_link *link[PROGRAMS_MAX];
	int link_count;
	int cgroup_fd; /* -1: none */
	uint32_t host_netns;
	bool has_conntrack; /* its types can be read: legs come with both tuples */
	char conntrack_note[200];
	char problem[400]; /* why nothing could be loaded, one line without its end */
	struct feature_state feature[FEATURE_COUNT];
};

/* Nothing is loaded yet; what is asked for is noted. */
void programs_want(struct programs *programs, const struct options *options);
/*
 * Loads what is wanted and possible. Optional features that this kernel lacks are left out with a note. host_netns:
 * inode of the node's own namespace, 0 where it is not known. Returns an exit code; if it is not EXIT_DONE, `problem`
 * says why, and nothing is left loaded.
 */
int programs_load(struct programs *programs, const struct options *options, uint32_t host_netns);
/* Nothing of eBPF is to be had: what was asked for is missing, for this reason. */
void programs_leave_out_all(struct programs *programs, const char *why);
/* From here on packets are seen. Answers as programs_load. */
int programs_attach(struct programs *programs);
/* -1: there is no such map, or nothing is loaded. */
int programs_map(const struct programs *programs, const char *name);
/* What is shared with the running programs, NULL where it cannot be mapped. */
struct hop_control *programs_control(const struct programs *programs);
/* Ids of the programs of this and other loaders that are in the kernel now; at most `max`. -1: not permitted. */
int programs_running(uint32_t *ids, int max);
/* Sum over the CPUs. */
void programs_stats(const struct programs *programs, struct hop_stats *sum);
/* The kernel's BTF takes 8 MB, and nobody needs it after the first hello. */
void programs_free_btf(struct programs *programs);
void programs_stop(struct programs *programs);

#endif
