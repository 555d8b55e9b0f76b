/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What can be known of this kernel before anything is loaded. */
#ifndef HOP_PROBES_H
#define HOP_PROBES_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <stddef.h>

#include "options.h"

/* EXIT_DONE, with the kernel's BTF; else an exit code and why, in one line without its end. */
int probe_requirements(const struct options *options, struct btf **btf, char *problem, size_t size);
bool probe_tracepoint(const struct options *options, const struct btf *btf, const char *tracepoint);
/* Whether drops come with a reason. */
bool probe_drop_reasons(const struct options *options, const struct btf *btf);
/*
 * Whether the programs can read conntrack's types: they are in the kernel's BTF, or in that of the module, which takes
 * CAP_SYS_ADMIN to read. If not, `note` says why and what to do.
 */
bool probe_conntrack_types(const struct options *options, const struct btf *btf, char *note, size_t size);

#endif
