/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The maps, the settings and the few functions around them that every program uses. */
#ifndef HOP_MAPS_BPF_H
#define HOP_MAPS_BPF_H

const volatile struct hop_settings settings SEC(HOP_SETTINGS_SECTION) = { .all_namespaces = 1 };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20); /* the loader sets it: --ring-bytes */
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct hop_stats);
} counters SEC(".maps");

/* Inode of a network namespace -> 1. The loader keeps it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u32);
} allowed_namespaces SEC(".maps");

struct hop_control control SEC(HOP_CONTROL_SECTION) = {};

static __always_inline struct hop_stats *stats_of_cpu(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

#define COUNT(field)                                    \
	do {                                            \
		struct hop_stats *stats_ = stats_of_cpu(); \
		if (stats_)                             \
			stats_->field++;                \
	} while (0)

static __always_inline bool is_allowed(u32 netns)
{
	return settings.all_namespaces || bpf_map_lookup_elem(&allowed_namespaces, &netns);
}

/* Ring records are one or two whole frames: the loader copies them to its output as they are. */
struct packet_frame {
	struct hop_frame_head head;
	struct hop_packet body;
};

struct leg_frame {
	struct hop_frame_head head;
	struct hop_leg body;
};

struct exchange_frame {
	struct hop_frame_head head;
	struct hop_exchange body;
};

/* The exchange that a connection ended with comes with its leg. */
struct leg_exchange_frames {
	struct leg_frame leg;
	struct exchange_frame exchange;
};

struct opened_frame {
	struct hop_frame_head head;
	struct hop_opened body;
};

struct flight_frame {
	struct hop_frame_head head;
	struct hop_flight body;
};

struct head_frame {
	struct hop_frame_head head;
	struct hop_head body;
};

struct link_frame {
	struct hop_frame_head head;
	struct hop_link body;
};

struct proxy_header_frame {
	struct hop_frame_head head;
	struct hop_proxy_header body;
};

static __always_inline void fill_head(struct hop_frame_head *head, u32 bytes, u8 kind)
{
	head->size = bytes;
	head->kind = kind;
	head->version = HOP_LAYOUT_VERSION;
	head->zero = 0;
}

static __always_inline void count_lost(u8 kind)
{
	struct hop_stats *stats = stats_of_cpu();

	if (!stats)
		return;
	stats->ring_lost++;
	switch (kind) {
	case HOP_FRAME_PACKET:
		stats->lost_refusals++;
		break;
	case HOP_FRAME_LEG:
	case HOP_RING_OPENED:
		stats->lost_legs++;
		break;
	case HOP_FRAME_LINK:
	case HOP_FRAME_PROXY:
		stats->lost_links++;
		break;
	default:
		stats->lost_exchanges++;
	}
}

/*
 * The last part of the ring is for what tells why a SYN is not answered: everything else is given up first. A CPU that
 * reads the fill while another one reserves may be off by a record.
 */
static __always_inline void *ring_reserve(u32 bytes, u8 kind)
{
	struct hop_frame_head *head = NULL;

	if (kind == HOP_FRAME_PACKET || bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < settings.shared_bytes)
		head = bpf_ringbuf_reserve(&ring, bytes, 0);
	if (!head) {
		count_lost(kind);
		return NULL;
	}
	fill_head(head, bytes, kind);
	return head;
}

/* One wake-up per wake_bytes: a wake-up per record trebled the cost of a request (measured). */
static __always_inline void ring_submit(void *frame)
{
	u64 waiting = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);

	bpf_ringbuf_submit(frame, waiting >= settings.wake_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	COUNT(events_emitted);
}

#endif
