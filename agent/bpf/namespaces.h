/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Network namespaces: which are watched, and what is in them. */
#ifndef HOP_NAMESPACES_H
#define HOP_NAMESPACES_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "options.h"
#include "text.h"

struct namespace_entry {
	char name[128];
	char path[PATH_MAX];
	uint32_t inode;
};

struct namespaces {
	const struct options *options;
	int own_fd;          /* to come back to */
	uint32_t host_inode; /* 0: not known */
	bool can_enter;      /* else interfaces of other namespaces cannot be told */
	bool is_host_own;    /* --host-netns was not readable; this process's own namespace stands in */
	struct namespace_entry *entry;
	int count;
};

/* Exit code; on failure one line is on stderr. */
int namespaces_open(struct namespaces *namespaces, const struct options *options);
/*
 * Looks again which namespaces there are; true if they changed. With an allow-list: keeps the map allowed_namespaces equal to
 * the inodes that the paths have now, because the kernel gives inode numbers out again.
 */
bool namespaces_refresh(struct namespaces *namespaces, int allowed_map_fd);
uint32_t namespaces_own_inode(void);
bool namespaces_has(const struct namespaces *namespaces, uint32_t inode);
/* The JSON list of namespaces with their interfaces. Ones that cannot be entered have no interfaces. */
void namespaces_describe(const struct namespaces *namespaces, struct text *json);

#endif
