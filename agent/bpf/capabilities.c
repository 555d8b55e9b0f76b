// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "capabilities.h"

#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Younger than some C libraries' headers (Linux 5.8). */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

#define BIT(capability) (1ull << (capability))

static bool read_capabilities(uint64_t *effective, uint64_t *permitted)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return false;
	*effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	*permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	return true;
}

bool capabilities_suffice(char *missing, size_t size)
{
	static const struct {
		int bit;
		const char *name;
	} NEEDED[] = { { CAP_BPF, "CAP_BPF" }, { CAP_PERFMON, "CAP_PERFMON" }, { CAP_NET_ADMIN, "CAP_NET_ADMIN" } };
	uint64_t effective = 0, permitted = 0;

	*missing = 0;
	read_capabilities(&effective, &permitted);
	for (size_t i = 0; i < sizeof(NEEDED) / sizeof(NEEDED[0]); i++) {
		if (effective & (BIT(NEEDED[i].bit) | BIT(CAP_SYS_ADMIN)))
			continue;
		snprintf(missing + strlen(missing), size - strlen(missing), "%s%s", *missing ? ", " : "", NEEDED[i].name);
	}
	return !*missing;
}

void capabilities_drop(bool keeps_net_admin)
{
	/* SYS_ADMIN: setns(). SYS_PTRACE, DAC_READ_SEARCH: other processes' /proc/PID/ns. BPF: reading maps. */
	uint64_t kept = BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_BPF);
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t effective, permitted;

	kept |= keeps_net_admin ? BIT(CAP_NET_ADMIN) : 0;
	if (!read_capabilities(&effective, &permitted))
		return;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)((effective & kept) >> 32 * i);
		data[i].permitted = (uint32_t)((permitted & kept) >> 32 * i);
	}
	if (syscall(SYS_capset, &header, data))
		perror("hoptrace-loader: capabilities are kept");
}
