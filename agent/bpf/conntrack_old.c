// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "conntrack_old.h"

#include <stddef.h>

#define OLD_MAX 65536u /* a power of two */
#define SEARCH_MAX 64

/* Namespace and id; 0: free. */
static u64 old[OLD_MAX];

static u64 key_of(const struct hop_conntrack *entry)
{
	return (u64)entry->netns << 32 | entry->id;
}

/* The place near which this key belongs and that holds `wanted`. */
static u64 *find(u64 key, u64 wanted)
{
	u64 slot = key * 0x9E3779B97F4A7C15ull >> 40;

	for (int i = 0; i < SEARCH_MAX; i++)
		if (old[(slot + i) % OLD_MAX] == wanted)
			return &old[(slot + i) % OLD_MAX];
	return NULL;
}

void conntrack_old_remember(const struct hop_conntrack *entry)
{
	u64 *place = find(key_of(entry), 0);

	if (place)
		*place = key_of(entry);
}

bool conntrack_old_forget(const struct hop_conntrack *entry)
{
	u64 *place = find(key_of(entry), key_of(entry));

	if (place)
		*place = 0;
	return place != NULL;
}
