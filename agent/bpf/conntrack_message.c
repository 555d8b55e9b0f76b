// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "conntrack_message.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

/* Younger than most C libraries' headers: Linux 6.14. */
#define CTA_TIMESTAMP_EVENT_ 27
#define ATTRIBUTES_MAX 32

struct table {
	const struct nlattr *at[ATTRIBUTES_MAX];
};

static int remember(const struct nlattr *attribute, void *data)
{
	struct table *table = data;
	unsigned int type = mnl_attr_get_type(attribute);

	if (type < ATTRIBUTES_MAX)
		table->at[type] = attribute;
	return MNL_CB_OK;
}

static bool open_nest(const struct table *parent, int type, struct table *table)
{
	memset(table, 0, sizeof(*table));
	return parent->at[type] && mnl_attr_parse_nested(parent->at[type], remember, table) >= 0;
}

static const void *bytes_of(const struct table *table, int type, size_t bytes)
{
	const struct nlattr *attribute = table->at[type];

	return attribute && mnl_attr_get_payload_len(attribute) >= bytes ? mnl_attr_get_payload(attribute) : NULL;
}

static u64 be64_of(const struct table *table, int type)
{
	const void *bytes = bytes_of(table, type, sizeof(u64));
	u64 value = 0;

	if (bytes)
		memcpy(&value, bytes, sizeof(value));
	return be64toh(value);
}

static u32 be32_of(const struct table *table, int type)
{
	const void *bytes = bytes_of(table, type, sizeof(u32));
	u32 value = 0;

	if (bytes)
		memcpy(&value, bytes, sizeof(value));
	return ntohl(value);
}

static bool copy_address(u8 *to, const struct table *ip, u8 family, int v4, int v6)
{
	const void *bytes = family == 4 ? bytes_of(ip, v4, 4) : bytes_of(ip, v6, 16);

	if (!bytes)
		return false;
	memset(to, 0, 16);
	to[10] = to[11] = family == 4 ? 0xff : 0;
	memcpy(family == 4 ? to + 12 : to, bytes, family == 4 ? 4 : 16);
	return true;
}

static enum conntrack_message parse_tuple(const struct table *message, int type, struct hop_tuple *tuple, u8 family)
{
	struct table nest, ip, protocol;
	const u8 *number;
	const void *sport, *dport;
	u16 port;

	if (!open_nest(message, type, &nest) || !open_nest(&nest, CTA_TUPLE_IP, &ip) ||
	    !open_nest(&nest, CTA_TUPLE_PROTO, &protocol))
		return CONNTRACK_UNREADABLE;
	number = bytes_of(&protocol, CTA_PROTO_NUM, 1);
	if (!number)
		return CONNTRACK_UNREADABLE;
	if (*number != IPPROTO_TCP)
		return CONNTRACK_OTHER;
	sport = bytes_of(&protocol, CTA_PROTO_SRC_PORT, 2);
	dport = bytes_of(&protocol, CTA_PROTO_DST_PORT, 2);
	if (!sport || !dport || !copy_address(tuple->src, &ip, family, CTA_IP_V4_SRC, CTA_IP_V6_SRC) ||
	    !copy_address(tuple->dst, &ip, family, CTA_IP_V4_DST, CTA_IP_V6_DST))
		return CONNTRACK_UNREADABLE;
	memcpy(&port, sport, sizeof(port));
	tuple->sport = ntohs(port);
	memcpy(&port, dport, sizeof(port));
	tuple->dport = ntohs(port);
	return CONNTRACK_TCP;
}

static void parse_state(const struct table *message, struct hop_conntrack *entry)
{
	struct table protocol, tcp;
	const u8 *state;

	if (!open_nest(message, CTA_PROTOINFO, &protocol) || !open_nest(&protocol, CTA_PROTOINFO_TCP, &tcp))
		return;
	state = bytes_of(&tcp, CTA_PROTOINFO_TCP_STATE, 1);
	entry->tcp_state = state ? *state : 0;
}

static void parse_counters(const struct table *message, struct hop_conntrack *entry)
{
	struct table original, reply;

	if (!open_nest(message, CTA_COUNTERS_ORIG, &original) || !open_nest(message, CTA_COUNTERS_REPLY, &reply))
		return;
	entry->flags |= HOP_CT_COUNTED;
	entry->original_bytes = be64_of(&original, CTA_COUNTERS_BYTES);
	entry->reply_bytes = be64_of(&reply, CTA_COUNTERS_BYTES);
	entry->original_packets = be64_of(&original, CTA_COUNTERS_PACKETS);
	entry->reply_packets = be64_of(&reply, CTA_COUNTERS_PACKETS);
}

static void parse_times(const struct table *message, struct hop_conntrack *entry)
{
	struct table times;

	entry->event_realtime_ns = be64_of(message, CTA_TIMESTAMP_EVENT_);
	if (!open_nest(message, CTA_TIMESTAMP, &times))
		return;
	entry->start_realtime_ns = be64_of(&times, CTA_TIMESTAMP_START);
	entry->stop_realtime_ns = be64_of(&times, CTA_TIMESTAMP_STOP);
}

/* A dump answers as events do; only its sequence number tells it apart. */
static u8 event_of(const struct nlmsghdr *message)
{
	if ((message->nlmsg_type & 0xff) == IPCTNL_MSG_CT_DELETE)
		return HOP_CT_DESTROY;
	if (message->nlmsg_seq)
		return HOP_CT_OLD;
	return message->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL) ? HOP_CT_NEW : HOP_CT_UPDATE;
}

enum conntrack_message conntrack_parse(const struct nlmsghdr *message, struct hop_conntrack *entry)
{
	const struct nfgenmsg *general = mnl_nlmsg_get_payload(message);
	struct table table = { 0 };
	enum conntrack_message result;

	memset(entry, 0, sizeof(*entry));
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*general) ||
	    message->nlmsg_type >> 8 != NFNL_SUBSYS_CTNETLINK)
		return CONNTRACK_UNREADABLE;
	if (general->nfgen_family != AF_INET && general->nfgen_family != AF_INET6)
		return CONNTRACK_OTHER;
	if (mnl_attr_parse(message, sizeof(*general), remember, &table) < 0)
		return CONNTRACK_UNREADABLE;
	entry->family = general->nfgen_family == AF_INET ? 4 : 6;
	result = parse_tuple(&table, CTA_TUPLE_ORIG, &entry->original, entry->family);
	if (result != CONNTRACK_TCP)
		return result;
	result = parse_tuple(&table, CTA_TUPLE_REPLY, &entry->reply, entry->family);
	entry->event = event_of(message);
	entry->id = be32_of(&table, CTA_ID);
	entry->status = be32_of(&table, CTA_STATUS);
	parse_state(&table, entry);
	parse_counters(&table, entry);
	parse_times(&table, entry);
	return result;
}
