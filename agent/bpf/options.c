// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <mntent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * About 14,000 legs with their notes: half a second of 5,000 new connections at three taps each. Its pages are mapped
 * twice, one after the other, and count twice in the memory of the loader.
 */
#define RING_BYTES_DEFAULT (4u << 20)
#define RING_BYTES_MIN (64u << 10)
#define RING_BYTES_MAX (256u << 20)
#define FLOWS_DEFAULT 65536u /* entries of about 300 bytes; an open connection takes two to five on a node */
#define FLOWS_MIN 1024u
#define FLOWS_MAX (4u << 20)

static const char HELP[] =
	"usage: hoptrace-loader [options]\n"
	"Loads hop.bpf.o and writes what it sees to standard output: frames as in hop.h.\n"
	"\n"
	"  --object PATH       the eBPF object (default: hop.bpf.o beside this program)\n"
	"  --source SOURCE     auto (default: eBPF, and conntrack alone where the kernel refuses it), ebpf or conntrack\n"
	"  --netns [NAME=]PATH watch this network namespace only; repeatable. Without it: all of them\n"
	"  --host-netns PATH   the node's own namespace (default /proc/1/ns/net)\n"
	"  --cgroup PATH       root of the cgroup v2 tree (default: as mounted)\n"
	"  --proxy-header      capture PROXY protocol headers (v1 and v2, nothing else)\n"
	"  --proxy-links       tell which client request made a proxy talk to which upstream\n"
	"  --exchanges MODE    off (default), first (of each connection) or all: when which request and response passed\n"
	"  --heads             with --exchanges: capture the first 512 bytes of HTTP requests and responses\n"
	"  --ring-bytes N      ring buffer, a power of two from 65536 to 268435456 (default 4194304)\n"
	"  --flows N           connections remembered, times devices (default 65536)\n"
	"  --pretend-missing A,B  act as on a kernel without these: tracepoints, btf, conntrack (its types in BTF), cgroup\n"
	"  --json              one JSON document a line instead of binary frames; holds raw sequence numbers\n"
	"  --check             load, attach, detach; print as JSON what this host can do and what to change\n"
	"  --verbose           libbpf's and the verifier's messages on standard error\n"
	"  --help              this text\n"
	"\n"
	"Ends with 0 on SIGTERM, SIGINT, a closed output or its parent's end. Other exit codes: 1 failed while\n"
	"running, 2 usage, 3 not permitted, 4 no BTF, 5 programs refused, 6 no object file.\n";

enum option_id {
	OPTION_OBJECT = 256,
	OPTION_SOURCE,
	OPTION_PRETEND_MISSING,
	OPTION_NETNS,
	OPTION_HOST_NETNS,
	OPTION_CGROUP,
	OPTION_PROXY_HEADER,
	OPTION_PROXY_LINKS,
	OPTION_EXCHANGES,
	OPTION_HEADS,
	OPTION_RING_BYTES,
	OPTION_FLOWS,
	OPTION_JSON,
	OPTION_CHECK,
	OPTION_VERBOSE,
	OPTION_HELP,
};

static const struct option OPTIONS[] = {
	{ "object", required_argument, NULL, OPTION_OBJECT },
	{ "source", required_argument, NULL, OPTION_SOURCE },
	{ "pretend-missing", required_argument, NULL, OPTION_PRETEND_MISSING },
	{ "netns", required_argument, NULL, OPTION_NETNS },
	{ "host-netns", required_argument, NULL, OPTION_HOST_NETNS },
	{ "cgroup", required_argument, NULL, OPTION_CGROUP },
	{ "proxy-header", no_argument, NULL, OPTION_PROXY_HEADER },
	{ "proxy-links", no_argument, NULL, OPTION_PROXY_LINKS },
	{ "heads", no_argument, NULL, OPTION_HEADS },
	{ "exchanges", required_argument, NULL, OPTION_EXCHANGES },
	{ "ring-bytes", required_argument, NULL, OPTION_RING_BYTES },
	{ "flows", required_argument, NULL, OPTION_FLOWS },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "verbose", no_argument, NULL, OPTION_VERBOSE },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ 0 },
};

static void __attribute__((noreturn, format(printf, 1, 2))) usage_error(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "hoptrace-loader: ");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, " (see --help)\n");
	exit(EXIT_USAGE);
}

static uint32_t parse_number(const char *option, const char *value, uint32_t min, uint32_t max)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (errno || end == value || *end || *value == '-' || number < min || number > max)
		usage_error("%s is '%s' but must be a number from %u to %u", option, value, min, max);
	return number;
}

static uint32_t parse_choice(const char *option, const char *value, const char *const names[3])
{
	for (uint32_t choice = 0; choice < 3; choice++)
		if (!strcmp(value, names[choice]))
			return choice;
	usage_error("%s is '%s' but must be %s, %s or %s", option, value, names[0], names[1], names[2]);
}

static uint32_t parse_ring_bytes(const char *value)
{
	uint32_t bytes = parse_number("--ring-bytes", value, RING_BYTES_MIN, RING_BYTES_MAX);

	if (bytes & (bytes - 1))
		usage_error("--ring-bytes is %u but must be a power of two, such as %u", bytes, RING_BYTES_DEFAULT);
	return bytes;
}

static void copy_path(const char *option, char *to, const char *from)
{
	if (!*from || strlen(from) >= PATH_MAX)
		usage_error("%s is empty or longer than %d characters", option, PATH_MAX - 1);
	strcpy(to, from);
}

/* NAME=PATH or PATH, whose last part is then the name. */
static void add_namespace(struct options *options, const char *value)
{
	struct named_path *entry;
	const char *equals = strchr(value, '=');
	const char *path = value;
	size_t name_length;

	if (options->namespace_count == NAMESPACES_MAX)
		usage_error("--netns is given more than %d times", NAMESPACES_MAX);
	options->namespaces =
		realloc(options->namespaces, (options->namespace_count + 1) * sizeof(*options->namespaces));
	if (!options->namespaces)
		usage_error("out of memory");
	entry = &options->namespaces[options->namespace_count++];
	memset(entry, 0, sizeof(*entry));
	if (equals && !memchr(value, '/', equals - value))
		path = equals + 1;
	copy_path("--netns", entry->path, path);
	if (path == value) {
		path = strrchr(value, '/') ? strrchr(value, '/') + 1 : value;
		snprintf(entry->name, sizeof(entry->name), "%.127s", path);
		return;
	}
	name_length = equals - value;
	if (!name_length || name_length >= sizeof(entry->name))
		usage_error("--netns '%s': the name before '=' must have 1 to %zu characters", value,
			    sizeof(entry->name) - 1);
	memcpy(entry->name, value, name_length);
}

static void set_default_object(struct options *options)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[length > 0 ? length : 0] = 0;
	snprintf(options->object, sizeof(options->object), "%.4000s/hop.bpf.o", length > 0 ? dirname(self) : ".");
}

static const char *const EXCHANGES[] = { "off", "first", "all" };        /* enum hop_exchanges */
static const char *const SOURCES[] = { "auto", "ebpf", "conntrack" }; /* enum source_option */

static void apply_option(struct options *options, int id, const char *value)
{
	switch (id) {
	case OPTION_OBJECT:
		copy_path("--object", options->object, value);
		break;
	case OPTION_SOURCE:
		options->source = parse_choice("--source", value, SOURCES);
		break;
	case OPTION_PRETEND_MISSING:
		options->pretend_missing = value;
		break;
	case OPTION_NETNS:
		add_namespace(options, value);
		break;
	case OPTION_HOST_NETNS:
		copy_path("--host-netns", options->host_netns, value);
		options->is_host_netns_given = true;
		break;
	case OPTION_CGROUP:
		copy_path("--cgroup", options->cgroup, value);
		break;
	case OPTION_PROXY_HEADER:
		options->want_proxy_header = true;
		break;
	case OPTION_PROXY_LINKS:
		options->want_proxy_links = true;
		break;
	case OPTION_HEADS:
		options->want_heads = true;
		break;
	case OPTION_EXCHANGES:
		options->exchanges = parse_choice("--exchanges", value, EXCHANGES);
		break;
	case OPTION_RING_BYTES:
		options->ring_bytes = parse_ring_bytes(value);
		break;
	case OPTION_FLOWS:
		options->flow_count = parse_number("--flows", value, FLOWS_MIN, FLOWS_MAX);
		break;
	case OPTION_JSON:
		options->want_json = true;
		break;
	case OPTION_CHECK:
		options->want_check = true;
		break;
	case OPTION_VERBOSE:
		options->is_verbose = true;
		break;
	case OPTION_HELP:
		fputs(HELP, stdout);
		exit(EXIT_DONE);
	default: /* getopt has said which option it is */
		exit(EXIT_USAGE);
	}
}

void options_parse(struct options *options, int argc, char **argv)
{
	int id;

	*options = (struct options){
		.host_netns = "/proc/1/ns/net",
		.ring_bytes = RING_BYTES_DEFAULT,
		.flow_count = FLOWS_DEFAULT,
	};
	set_default_object(options);
	while ((id = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1)
		apply_option(options, id, optarg);
	if (optind < argc)
		usage_error("'%s' is no option", argv[optind]);
}

bool options_pretends_missing(const struct options *options, const char *what)
{
	const char *at = options->pretend_missing;
	size_t length = strlen(what);

	for (; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (!strncmp(at, what, length) && (!at[length] || at[length] == ','))
			return true;
	return false;
}

void options_cgroup_path(const struct options *options, char *path, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *mount;

	snprintf(path, size, "%s", options->cgroup);
	while (mounts && !*path && (mount = getmntent(mounts)))
		if (!strcmp(mount->mnt_type, "cgroup2"))
			snprintf(path, size, "%s", mount->mnt_dir);
	if (mounts)
		endmntent(mounts);
}
