// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "probes.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capabilities.h"
#include "hop.h"

#define MODULE_BTF "/sys/kernel/btf/nf_conntrack"

int probe_requirements(const struct options *options, struct btf **btf, char *problem, size_t size)
{
	char missing[128];

	if (access(options->object, R_OK)) {
		snprintf(problem, size, "--object %.100s: %s; build it with 'npm run agent:build'", options->object,
			 strerror(errno));
		return EXIT_NO_OBJECT;
	}
	if (!capabilities_suffice(missing, sizeof(missing))) {
		snprintf(problem, size, "not permitted: needs %s; run as root or give these capabilities", missing);
		return EXIT_PERMISSION;
	}
	*btf = options_pretends_missing(options, "btf") ? NULL : btf__load_vmlinux_btf();
	if (!*btf) {
		snprintf(problem, size,
			 "no /sys/kernel/btf/vmlinux; needs a kernel with CONFIG_DEBUG_INFO_BTF=y (Debian 11+, Ubuntu "
			 "20.10+, RHEL 8.2+, Fedora 32+)");
		return EXIT_NO_BTF;
	}
	return EXIT_DONE;
}

bool probe_tracepoint(const struct options *options, const struct btf *btf, const char *tracepoint)
{
	char type[80];

	snprintf(type, sizeof(type), "btf_trace_%s", tracepoint);
	return !options_pretends_missing(options, tracepoint) &&
	       btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
}

bool probe_drop_reasons(const struct options *options, const struct btf *btf)
{
	return !options_pretends_missing(options, "skb_drop_reason") &&
	       btf__find_by_name_kind(btf, "skb_drop_reason", BTF_KIND_ENUM) > 0;
}

bool probe_conntrack_types(const struct options *options, const struct btf *btf, char *note, size_t size)
{
	u32 id = 0;

	if (options_pretends_missing(options, "conntrack")) {
		snprintf(note, size, "the kernel's BTF is treated as one without conntrack's types (--pretend-missing)");
		return false;
	}
	if (btf__find_by_name_kind(btf, "nf_conn", BTF_KIND_STRUCT) > 0)
		return true;
	if (access(MODULE_BTF, F_OK)) {
		snprintf(note, size, "nf_conntrack is not loaded, or its module has no BTF; load the module and start again");
		return false;
	}
	if (!bpf_btf_get_next_id(0, &id))
		return true;
	snprintf(note, size, "nf_conntrack is a module, and reading a module's types takes CAP_SYS_ADMIN");
	return false;
}
