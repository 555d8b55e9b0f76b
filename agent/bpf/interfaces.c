// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "interfaces.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* By the driver's name: /sys/class/net shows another namespace unless it is mounted anew. */
static const char *kind_of(int socket_fd, const char *name)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", name);
	if (!ioctl(socket_fd, SIOCGIFFLAGS, &request) && request.ifr_flags & IFF_LOOPBACK)
		return "loopback";
	request.ifr_data = (void *)&info;
	if (ioctl(socket_fd, SIOCETHTOOL, &request))
		return "other";
	if (!strcmp(info.driver, "veth"))
		return "veth";
	return strcmp(info.driver, "bridge") ? "other" : "bridge";
}

static void add_addresses(struct text *json, const struct ifaddrs *addresses, const char *name)
{
	for (const struct ifaddrs *a = addresses; a; a = a->ifa_next) {
		char shown[INET6_ADDRSTRLEN] = "";

		if (!a->ifa_addr || strcmp(a->ifa_name, name))
			continue;
		if (a->ifa_addr->sa_family == AF_INET)
			inet_ntop(AF_INET, &((struct sockaddr_in *)a->ifa_addr)->sin_addr, shown, sizeof(shown));
		else if (a->ifa_addr->sa_family == AF_INET6)
			inet_ntop(AF_INET6, &((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr, shown, sizeof(shown));
		else
			continue;
		text_comma(json);
		text_add_json(json, shown);
	}
}

void interfaces_describe(struct text *json)
{
	int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct if_nameindex *names = if_nameindex();
	struct ifaddrs *addresses = NULL;

	if (getifaddrs(&addresses))
		addresses = NULL;
	for (struct if_nameindex *n = names; n && n->if_index; n++) {
		text_comma(json);
		text_add(json, "{\"ifindex\":%u,\"name\":", n->if_index);
		text_add_json(json, n->if_name);
		text_add(json, ",\"kind\":\"%s\",\"addresses\":[", kind_of(socket_fd, n->if_name));
		add_addresses(json, addresses, n->if_name);
		text_add(json, "]}");
	}
	freeifaddrs(addresses);
	if (names)
		if_freenameindex(names);
	if (socket_fd >= 0)
		close(socket_fd);
}
