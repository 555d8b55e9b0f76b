// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "hello.h"

#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#define REASON_PREFIX "SKB_DROP_REASON_"
#define FIRST_SUBSYSTEM_REASON 0x10000 /* mac80211, Open vSwitch: numbered by other enums */

static void add_identity(struct text *json)
{
	char boot_id[64] = "";
	struct utsname system;
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (file) {
		if (fgets(boot_id, sizeof(boot_id), file))
			boot_id[strcspn(boot_id, "\n")] = 0;
		fclose(file);
	}
	uname(&system);
	text_add(json, ",\"kernel\":");
	text_add_json(json, system.release);
	text_add(json, ",\"bootId\":");
	text_add_json(json, boot_id);
}

static void add_note(struct text *json, const char *feature, const char *note)
{
	if (!*note)
		return;
	text_comma(json);
	text_add(json, "\"%s\":", feature);
	text_add_json(json, note);
}

static void add_features(struct text *json, const struct programs *programs, const struct namespaces *namespaces,
			 const struct conntrack *conntrack)
{
	bool has_netlink = conntrack->stats.namespaces > 0;

	text_add(json, ",\"source\":\"%s\"", programs->object ? "ebpf" : "conntrack");
	text_add(json, ",\"features\":{\"conntrack\":%s,\"interfaces\":%s,\"conntrackNetlink\":%s",
		 programs->has_conntrack ? "true" : "false", namespaces->can_enter ? "true" : "false",
		 has_netlink ? "true" : "false");
	for (int f = 0; f < FEATURE_COUNT; f++)
		text_add(json, ",\"%s\":%s", FEATURE_NAMES[f], programs->feature[f].is_active ? "true" : "false");
	text_add(json, "},\"featureNotes\":{");
	if (!programs->has_conntrack)
		add_note(json, "conntrack", programs->conntrack_note);
	if (!has_netlink)
		add_note(json, "conntrackNetlink", conntrack->problem);
	if (!namespaces->can_enter)
		add_note(json, "interfaces", "entering namespaces takes CAP_SYS_ADMIN; only the own one is described");
	for (int f = 0; f < FEATURE_COUNT; f++)
		add_note(json, FEATURE_NAMES[f], programs->feature[f].note);
	text_add(json, "}");
}

/* Numbers differ from kernel to kernel, names do not: only names may leave the node. */
static void add_drop_reasons(struct text *json, const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "skb_drop_reason", BTF_KIND_ENUM);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, id) : NULL;
	const struct btf_enum *reason = type ? btf_enum(type) : NULL;

	text_add(json, ",\"dropReasons\":{");
	for (int i = 0; type && i < btf_vlen(type); i++, reason++) {
		const char *name = btf__name_by_offset(btf, reason->name_off);

		if (strncmp(name, REASON_PREFIX, strlen(REASON_PREFIX)) || reason->val < 0 ||
		    reason->val >= FIRST_SUBSYSTEM_REASON)
			continue;
		text_comma(json);
		text_add(json, "\"%d\":", reason->val);
		text_add_json(json, name + strlen(REASON_PREFIX));
	}
	text_add(json, "}");
}

void hello_write(struct text *json, const struct programs *programs, const struct namespaces *namespaces,
		 const struct conntrack *conntrack)
{
	static struct text reasons; /* the same for as long as the kernel runs; its BTF is large */

	text_clear(json);
	text_add(json,
		 "{\"layoutVersion\":%d,\"sizes\":{\"packet\":%zu,\"leg\":%zu,\"link\":%zu,\"proxyHeader\":%zu,"
		 "\"clock\":%zu,\"stats\":%zu,\"exchange\":%zu,\"flight\":%zu,\"head\":%zu,\"conntrack\":%zu,"
		 "\"conntrackStats\":%zu}",
		 HOP_LAYOUT_VERSION, sizeof(struct hop_packet), sizeof(struct hop_leg), sizeof(struct hop_link),
		 sizeof(struct hop_proxy_header), sizeof(struct hop_clock), sizeof(struct hop_stats),
		 sizeof(struct hop_exchange), sizeof(struct hop_flight), sizeof(struct hop_head),
		 sizeof(struct hop_conntrack), sizeof(struct hop_conntrack_stats));
	add_identity(json);
	text_add(json, ",\"hostNetns\":%u,\"hostNetnsSource\":\"%s\",\"allNamespaces\":%s", namespaces->host_inode,
		 namespaces->is_host_own ? "own" : "path", namespaces->options->namespace_count ? "false" : "true");
	add_features(json, programs, namespaces, conntrack);
	if (!reasons.length && programs->kernel_btf)
		add_drop_reasons(&reasons, programs->kernel_btf);
	if (reasons.length)
		text_add(json, "%s", reasons.bytes);
	text_add(json, ",\"namespaces\":");
	namespaces_describe(namespaces, json);
	text_add(json, "}");
}
