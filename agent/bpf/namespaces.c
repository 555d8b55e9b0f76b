// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "namespaces.h"

#include <bpf/bpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interfaces.h"

#define OWN_NETNS "/proc/self/ns/net"
#define NAMED_NETNS_DIRECTORY "/run/netns"

static uint32_t inode_of(const char *path)
{
	struct stat status;

	return stat(path, &status) ? 0 : status.st_ino;
}

uint32_t namespaces_own_inode(void)
{
	return inode_of(OWN_NETNS);
}

static int open_host(struct namespaces *namespaces)
{
	const struct options *options = namespaces->options;

	namespaces->host_inode = inode_of(options->host_netns);
	if (namespaces->host_inode)
		return EXIT_DONE;
	if (options->is_host_netns_given) {
		fprintf(stderr,
			"hoptrace-loader: --host-netns %s: %s; give the path of the node's namespace, such as /proc/1/ns/net "
			"with the host's process namespace\n",
			options->host_netns, strerror(errno));
		return EXIT_USAGE;
	}
	fprintf(stderr,
		"hoptrace-loader: %s: %s; taking this process's own namespace for the node's (right with host networking; "
		"else give --host-netns)\n",
		options->host_netns, strerror(errno));
	namespaces->host_inode = inode_of(OWN_NETNS);
	namespaces->is_host_own = true;
	return EXIT_DONE;
}

int namespaces_open(struct namespaces *namespaces, const struct options *options)
{
	*namespaces = (struct namespaces){ .options = options };
	namespaces->own_fd = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);
	if (namespaces->own_fd < 0) {
		perror("hoptrace-loader: " OWN_NETNS);
		return EXIT_RUNTIME;
	}
	namespaces->can_enter = !setns(namespaces->own_fd, CLONE_NEWNET);
	namespaces->entry = calloc(NAMESPACES_MAX, sizeof(*namespaces->entry));
	if (!namespaces->entry) {
		fprintf(stderr, "hoptrace-loader: out of memory; raise the memory limit\n");
		return EXIT_RUNTIME;
	}
	for (int i = 0; i < options->namespace_count; i++) {
		if (inode_of(options->namespaces[i].path))
			continue;
		fprintf(stderr, "hoptrace-loader: --netns %s: %s; list the namespaces with 'ip netns' or 'lsns -t net'\n",
			options->namespaces[i].path, strerror(errno));
		return EXIT_USAGE;
	}
	return open_host(namespaces);
}

static void add(struct namespaces *namespaces, const char *name, const char *path)
{
	uint32_t inode = inode_of(path);
	struct namespace_entry *entry;

	if (!inode || namespaces->count == NAMESPACES_MAX)
		return;
	for (int i = 0; i < namespaces->count; i++)
		if (namespaces->entry[i].inode == inode)
			return;
	entry = &namespaces->entry[namespaces->count++];
	snprintf(entry->name, sizeof(entry->name), "%.127s", name);
	snprintf(entry->path, sizeof(entry->path), "%.4000s", path);
	entry->inode = inode;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
	return atoi((*a)->d_name) - atoi((*b)->d_name);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int is_process(const struct dirent *entry)
{
	return isdigit((unsigned char)entry->d_name[0]);
}

static void add_named(struct namespaces *namespaces)
{
	struct dirent **list;
	int count = scandir(NAMED_NETNS_DIRECTORY, &list, is_visible, by_name);
	char path[PATH_MAX];

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), NAMED_NETNS_DIRECTORY "/%s", list[i]->d_name);
		add(namespaces, list[i]->d_name, path);
		free(list[i]);
	}
	if (count >= 0)
		free(list);
}

/* Namespaces without a name, such as those of containers: named after their oldest process. */
static void add_of_processes(struct namespaces *namespaces)
{
	struct dirent **list;
	int count = scandir("/proc", &list, is_process, by_number);
	char name[300], path[PATH_MAX];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "pid-%s", list[i]->d_name);
		snprintf(path, sizeof(path), "/proc/%s/ns/net", list[i]->d_name);
		add(namespaces, name, path);
		free(list[i]);
	}
	if (count >= 0)
		free(list);
}

static void collect(struct namespaces *namespaces)
{
	const struct options *options = namespaces->options;

	namespaces->count = 0;
	for (int i = 0; i < options->namespace_count; i++)
		add(namespaces, options->namespaces[i].name, options->namespaces[i].path);
	if (options->namespace_count)
		return;
	add(namespaces, "host", namespaces->is_host_own ? OWN_NETNS : options->host_netns);
	add_named(namespaces);
	add_of_processes(namespaces);
}

bool namespaces_has(const struct namespaces *namespaces, uint32_t inode)
{
	for (int i = 0; i < namespaces->count; i++)
		if (namespaces->entry[i].inode == inode)
			return true;
	return false;
}

static void sync_allow_list(const struct namespaces *namespaces, int map_fd)
{
	uint32_t key, next, stale[64], one = 1;
	int stale_count = 0;
	bool has_next = !bpf_map_get_next_key(map_fd, NULL, &next);

	while (has_next) {
		key = next;
		has_next = !bpf_map_get_next_key(map_fd, &key, &next);
		if (!namespaces_has(namespaces, key) && stale_count < 64) /* the rest at the next refresh */
			stale[stale_count++] = key;
	}
	for (int i = 0; i < stale_count; i++)
		bpf_map_delete_elem(map_fd, &stale[i]);
	for (int i = 0; i < namespaces->count; i++)
		bpf_map_update_elem(map_fd, &namespaces->entry[i].inode, &one, BPF_ANY);
}

/* Order matters to it, which is that of the options or of the directory. */
static uint64_t fingerprint(const struct namespaces *namespaces)
{
	uint64_t sum = 0;

	for (int i = 0; i < namespaces->count; i++)
		sum = sum * 0x100000001b3ull + namespaces->entry[i].inode;
	return sum;
}

bool namespaces_refresh(struct namespaces *namespaces, int allowed_map_fd)
{
	uint64_t before = fingerprint(namespaces);

	collect(namespaces);
	if (namespaces->options->namespace_count && allowed_map_fd >= 0)
		sync_allow_list(namespaces, allowed_map_fd);
	return fingerprint(namespaces) != before;
}

static void describe_interfaces(const struct namespaces *namespaces, const struct namespace_entry *entry,
				struct text *json)
{
	int fd = open(entry->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (entry->inode == inode_of(OWN_NETNS)) {
		interfaces_describe(json);
	} else if (!setns(fd, CLONE_NEWNET)) {
		interfaces_describe(json);
		if (setns(namespaces->own_fd, CLONE_NEWNET)) {
			perror("hoptrace-loader: cannot return to the own network namespace");
			exit(EXIT_RUNTIME);
		}
	}
	close(fd);
}

void namespaces_describe(const struct namespaces *namespaces, struct text *json)
{
	text_add(json, "[");
	for (int i = 0; i < namespaces->count; i++) {
		const struct namespace_entry *entry = &namespaces->entry[i];

		text_comma(json);
		text_add(json, "{\"inode\":%u,\"name\":", entry->inode);
		text_add_json(json, entry->name);
		text_add(json, ",\"isHost\":%s,\"interfaces\":[",
			 entry->inode == namespaces->host_inode ? "true" : "false");
		describe_interfaces(namespaces, entry, json);
		text_add(json, "]}");
	}
	text_add(json, "]");
}
