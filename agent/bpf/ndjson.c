// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "ndjson.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

static const char *const PACKET_TYPES[] = { "unknown", "rx", "tx", "drop", "icmpRx", "icmpTx" };
static const char *const DEVICE_KINDS[] = { "other", "veth", "bridge", "loopback" };

#define NAME_OF(table, index) ((index) < sizeof(table) / sizeof((table)[0]) ? (table)[index] : (table)[0])

static void add_address(struct text *line, const char *key, const u8 *address, u16 port)
{
	char shown[INET6_ADDRSTRLEN] = "";

	if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)address))
		inet_ntop(AF_INET, address + 12, shown, sizeof(shown));
	else
		inet_ntop(AF_INET6, address, shown, sizeof(shown));
	text_add(line, "\"%s\":{\"ip\":\"%s\",\"port\":%u}", key, shown, port);
}

static void add_tuple(struct text *line, const char *key, const struct hop_tuple *tuple)
{
	text_add(line, ",\"%s\":{", key);
	add_address(line, "src", tuple->src, tuple->sport);
	text_add(line, ",");
	add_address(line, "dst", tuple->dst, tuple->dport);
	text_add(line, "}");
}

static void add_conntrack(struct text *line, u32 status, const struct hop_tuple *original, const struct hop_tuple *reply)
{
	text_add(line, ",\"ctStatus\":%u", status & ~HOP_CT_PRESENT);
	if (!(status & HOP_CT_PRESENT)) {
		text_add(line, ",\"original\":null,\"reply\":null");
		return;
	}
	add_tuple(line, "original", original);
	add_tuple(line, "reply", reply);
}

static void add_packet(struct text *line, const struct hop_packet *packet)
{
	text_add(line, "\"tsNs\":\"%" PRIu64 "\",\"netns\":%u,\"ifindex\":%u", packet->ts_ns, packet->netns,
		 packet->ifindex);
	text_add(line, ",\"deviceKind\":\"%s\",\"type\":\"%s\"", NAME_OF(DEVICE_KINDS, packet->device_kind),
		 NAME_OF(PACKET_TYPES, packet->type));
	text_add(line, ",\"family\":%u,\"ttl\":%u,\"seq\":%u,\"reason\":%u", packet->family, packet->ttl, packet->seq,
		 packet->reason);
	add_tuple(line, "tuple", &packet->tuple);
	add_conntrack(line, packet->ct_status, &packet->original, &packet->reply);
}

/* Nanoseconds after the SYN, null where it was not seen. */
static void add_stamp(struct text *line, const char *key, u64 stamp_ns, u64 syn_ns)
{
	if (stamp_ns)
		text_add(line, ",\"%s\":%" PRIu64, key, stamp_ns - syn_ns);
	else
		text_add(line, ",\"%s\":null", key);
}

static void add_leg(struct text *line, const struct hop_leg *leg)
{
	text_add(line, "\"id\":%" PRIu64 ",\"atNs\":\"%" PRIu64 "\",\"synNs\":\"%" PRIu64 "\"", leg->id, leg->at_ns,
		 leg->syn_ns);
	add_stamp(line, "lastSynNs", leg->last_syn_ns, leg->syn_ns);
	add_stamp(line, "synAckNs", leg->syn_ack_ns, leg->syn_ns);
	add_stamp(line, "ackNs", leg->ack_ns, leg->syn_ns);
	add_stamp(line, "requestNs", leg->request_ns, leg->syn_ns);
	add_stamp(line, "responseNs", leg->response_ns, leg->syn_ns);
	add_stamp(line, "clientFinNs", leg->client_fin_ns, leg->syn_ns);
	add_stamp(line, "serverFinNs", leg->server_fin_ns, leg->syn_ns);
	add_stamp(line, "resetNs", leg->reset_ns, leg->syn_ns);
	text_add(line, ",\"netns\":%u,\"ifindex\":%u,\"deviceKind\":\"%s\",\"direction\":\"%s\"", leg->netns,
		 leg->ifindex, NAME_OF(DEVICE_KINDS, leg->device_kind), NAME_OF(PACKET_TYPES, leg->direction));
	text_add(line, ",\"clientIsn\":%u,\"serverIsn\":%u,\"synCount\":%u,\"synTtl\":%u,\"flags\":%u",
		 leg->client_isn, leg->server_isn, leg->syn_count, leg->syn_ttl, leg->flags);
	text_add(line, ",\"clientBytes\":%" PRIu64 ",\"serverBytes\":%" PRIu64, leg->client_bytes, leg->server_bytes);
	text_add(line, ",\"clientRetransmits\":%u,\"serverRetransmits\":%u", leg->client_retransmits,
		 leg->server_retransmits);
	add_tuple(line, "tuple", &leg->tuple);
	add_conntrack(line, leg->ct_status, &leg->original, &leg->reply);
}

static void add_exchange(struct text *line, const struct hop_exchange *exchange)
{
	text_add(line, "\"legId\":%" PRIu64 ",\"atNs\":\"%" PRIu64 "\",\"requestNs\":\"%" PRIu64 "\",\"burst\":%u",
		 exchange->leg_id, exchange->at_ns, exchange->request_ns, exchange->burst);
	add_stamp(line, "requestLastNs", exchange->request_last_ns, exchange->request_ns);
	add_stamp(line, "responseNs", exchange->response_ns, exchange->request_ns);
	add_stamp(line, "responseLastNs", exchange->response_last_ns, exchange->request_ns);
	text_add(line, ",\"requestOffset\":%" PRIu64 ",\"requestBytes\":%" PRIu64, exchange->request_offset,
		 exchange->request_bytes);
	text_add(line, ",\"responseOffset\":%" PRIu64 ",\"responseBytes\":%" PRIu64, exchange->response_offset,
		 exchange->response_bytes);
	text_add(line, ",\"netns\":%u,\"ifindex\":%u,\"deviceKind\":\"%s\",\"direction\":\"%s\"", exchange->netns,
		 exchange->ifindex, NAME_OF(DEVICE_KINDS, exchange->device_kind),
		 NAME_OF(PACKET_TYPES, exchange->direction));
	text_add(line, ",\"clientIsn\":%u,\"serverIsn\":%u,\"leftOut\":%u,\"isEarly\":%s", exchange->client_isn,
		 exchange->server_isn, exchange->left_out, exchange->flags & HOP_EXCHANGE_EARLY ? "true" : "false");
}

static void add_burst(struct text *line, const char *key, const struct hop_burst *burst)
{
	if (!burst->cookie) {
		text_add(line, ",\"%s\":null", key);
		return;
	}
	text_add(line,
		 ",\"%s\":{\"cookie\":\"%" PRIu64
		 "\",\"isnLocal\":%u,\"isnRemote\":%u,\"burst\":%u,\"isAccepted\":%s}",
		 key, burst->cookie, burst->isn_local, burst->isn_remote, burst->burst,
		 burst->is_accepted ? "true" : "false");
}

static void add_link(struct text *line, const struct hop_link *link)
{
	char comm[sizeof(link->comm) + 1] = "";

	memcpy(comm, link->comm, sizeof(link->comm));
	text_add(line, "\"tsNs\":\"%" PRIu64 "\",\"netns\":%u,\"tgid\":%u,\"tid\":%u,\"comm\":", link->ts_ns,
		 link->netns, link->tgid, link->tid);
	text_add_json(line, comm);
	text_add(line, ",\"side\":\"%s\"", link->side == HOP_LINK_REQUEST ? "request" : "response");
	add_burst(line, "subject", &link->subject);
	add_burst(line, "lastRead", &link->last_read);
	add_burst(line, "oldest", &link->oldest);
}

static void add_proxy_header(struct text *line, const struct hop_proxy_header *header)
{
	text_add(line, "\"tsNs\":\"%" PRIu64 "\",\"netns\":%u,\"seq\":%u,\"ack\":%u", header->ts_ns, header->netns,
		 header->seq, header->ack);
	add_tuple(line, "tuple", &header->tuple);
	text_add(line, ",\"bytes\":\"");
	for (unsigned int i = 0; i < header->captured_bytes && i < HOP_PROXY_BYTES; i++)
		text_add(line, "%02x", header->bytes[i]);
	text_add(line, "\"");
}

/* Payload is not printed. */
static void add_place(struct text *line, u32 netns, u32 seq, u32 ack)
{
	text_add(line, "\"netns\":%u,\"seq\":%u,\"ack\":%u", netns, seq, ack);
}

static void add_clock(struct text *line, const struct hop_clock *clock)
{
	text_add(line, "\"monotonicNs\":\"%" PRIu64 "\",\"realtimeMinusMonotonicNs\":\"%" PRId64 "\"",
		 clock->monotonic_ns, clock->realtime_minus_monotonic_ns);
}

static void add_stats(struct text *line, const struct hop_stats *stats)
{
	text_add(line,
		 "\"packetsSeen\":%" PRIu64 ",\"synsSeen\":%" PRIu64 ",\"dropsSeen\":%" PRIu64 ",\"legsOpened\":%" PRIu64
		 ",\"legsShed\":%" PRIu64,
		 stats->packets_seen, stats->syns_seen, stats->drops_seen, stats->legs_opened, stats->legs_shed);
	text_add(line,
		 ",\"eventsEmitted\":%" PRIu64 ",\"ringLost\":%" PRIu64 ",\"mapFull\":%" PRIu64 ",\"checksLost\":%" PRIu64,
		 stats->events_emitted, stats->ring_lost, stats->map_full, stats->checks_lost);
	text_add(line,
		 ",\"lostRefusals\":%" PRIu64 ",\"lostLegs\":%" PRIu64 ",\"lostExchanges\":%" PRIu64 ",\"lostLinks\":%" PRIu64,
		 stats->lost_refusals, stats->lost_legs, stats->lost_exchanges, stats->lost_links);
}

static void add_conntrack_entry(struct text *line, const struct hop_conntrack *entry)
{
	static const char *const EVENTS[] = { "unknown", "old", "new", "update", "destroy" };

	text_add(line, "\"atNs\":\"%" PRIu64 "\",\"eventRealtimeNs\":\"%" PRIu64 "\",\"startRealtimeNs\":\"%" PRIu64
		 "\",\"stopRealtimeNs\":\"%" PRIu64 "\"",
		 entry->at_ns, entry->event_realtime_ns, entry->start_realtime_ns, entry->stop_realtime_ns);
	text_add(line, ",\"event\":\"%s\",\"netns\":%u,\"id\":%u,\"status\":%u,\"family\":%u,\"tcpState\":%u",
		 NAME_OF(EVENTS, entry->event), entry->netns, entry->id, entry->status, entry->family, entry->tcp_state);
	if (entry->flags & HOP_CT_COUNTED)
		text_add(line, ",\"originalBytes\":%" PRIu64 ",\"replyBytes\":%" PRIu64, entry->original_bytes,
			 entry->reply_bytes);
	add_tuple(line, "original", &entry->original);
	add_tuple(line, "reply", &entry->reply);
}

static void add_conntrack_stats(struct text *line, const struct hop_conntrack_stats *stats)
{
	text_add(line,
		 "\"eventsRead\":%" PRIu64 ",\"overruns\":%" PRIu64 ",\"oldFound\":%" PRIu64 ",\"unreadable\":%" PRIu64
		 ",\"namespaces\":%u",
		 stats->events_read, stats->overruns, stats->old_found, stats->unreadable, stats->namespaces);
}

void ndjson_line(struct text *line, enum hop_frame_kind kind, const void *body)
{
	static const char *const KINDS[] = { "unknown", "hello", "clock", "stats", "packet", "link", "proxyHeader", "leg",
					     "exchange", "flight", "head", "conntrack", "conntrackStats" };

	text_add(line, "{\"kind\":\"%s\",", NAME_OF(KINDS, kind));
	switch (kind) {
	case HOP_FRAME_HELLO:
		text_add(line, "%s\n", (const char *)body + 1); /* the object's members and its closing brace */
		return;
	case HOP_FRAME_CLOCK:
		add_clock(line, body);
		break;
	case HOP_FRAME_STATS:
		add_stats(line, body);
		break;
	case HOP_FRAME_PACKET:
		add_packet(line, body);
		break;
	case HOP_FRAME_LINK:
		add_link(line, body);
		break;
	case HOP_FRAME_PROXY:
		add_proxy_header(line, body);
		break;
	case HOP_FRAME_LEG:
		add_leg(line, body);
		break;
	case HOP_FRAME_EXCHANGE:
		add_exchange(line, body);
		break;
	case HOP_FRAME_FLIGHT:
		add_place(line, ((const struct hop_flight *)body)->netns, ((const struct hop_flight *)body)->seq,
			  ((const struct hop_flight *)body)->ack);
		break;
	case HOP_FRAME_HEAD:
		add_place(line, ((const struct hop_head *)body)->netns, ((const struct hop_head *)body)->seq,
			  ((const struct hop_head *)body)->ack);
		break;
	case HOP_FRAME_CONNTRACK:
		add_conntrack_entry(line, body);
		break;
	case HOP_FRAME_CONNTRACK_STATS:
		add_conntrack_stats(line, body);
		break;
	case HOP_RING_NOTED:
	case HOP_RING_OPENED: /* stays with the loader */
		break;
	}
	text_add(line, "}\n");
}
