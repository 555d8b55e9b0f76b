/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Settings that the loader writes into the object before the verifier sees it. The verifier treats them
 * as constants and removes the code that they switch off.
 */
#ifndef HOP_SETTINGS_H
#define HOP_SETTINGS_H

#include "hop.h"

#define HOP_SETTINGS_SECTION ".rodata.settings"
#define HOP_CONTROL_SECTION ".data.control" /* written while the programs run */

struct hop_settings {
	u32 all_namespaces; /* 0: only those in the map allowed_namespaces */
	u32 wake_bytes;     /* ring data that wakes the reader; it polls every 20 ms anyway */
	u64 hash_seed;      /* so that nobody can choose connections whose keys collide */
	u32 cpu_count;
	u32 host_netns; /* inode of the node's own namespace; 0: not known */
};

_Static_assert(sizeof(struct hop_settings) == 24, "hop_settings");

/* What the loader changes while the programs run. */
struct hop_control {
	u32 shed_mask;         /* legs whose client ISN, hashed, has one of these bits are not opened */
	u32 device_generation; /* another number makes the programs look at devices anew */
};

#endif
