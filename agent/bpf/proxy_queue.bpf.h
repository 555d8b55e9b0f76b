/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Bursts that a thread has read and not yet passed on, in the order of their reads. */
#ifndef HOP_PROXY_QUEUE_BPF_H
#define HOP_PROXY_QUEUE_BPF_H

#define QUEUE_LENGTH 128 /* bursts that a thread has read and not yet passed on; a power of two */
#define QUEUE_MASK (QUEUE_LENGTH - 1)

/* Upstream bursts on connections of either kind are passed on in their own order: see queue_take_caused. */
enum group { GROUP_FRESH, GROUP_REUSED };

struct queue_entry {
	struct hop_burst burst;
	u32 ticket; /* counts from 1; 0: empty or taken */
	u32 group;  /* enum group; of responses only, as are the next two */
	u64 cause_cookie;
	u32 cause_burst;
	u32 zero;
};

struct queue {
	u32 head;
	u32 tail;    /* = the last ticket */
	u32 ran_over; /* one that waited was lost: until the queue is empty, nobody knows who is the oldest */
	u32 zero;
	struct queue_entry entry[QUEUE_LENGTH];
};

static __always_inline struct queue_entry *queue_push(struct queue *queue, const struct hop_burst *burst)
{
	struct queue_entry *entry = &queue->entry[queue->tail & QUEUE_MASK];

	if (queue->tail - queue->head >= QUEUE_LENGTH) {
		queue->head = queue->tail - QUEUE_LENGTH + 1;
		if (entry->ticket)
			queue->ran_over = 1;
	}
	entry->burst = *burst;
	entry->ticket = ++queue->tail;
	return entry;
}

static __always_inline struct queue_entry *queue_find(struct queue *queue, u32 ticket)
{
	struct queue_entry *entry = &queue->entry[(ticket - 1) & QUEUE_MASK];

	return ticket && entry->ticket == ticket ? entry : NULL;
}

static __always_inline void queue_remove(struct queue *queue, u32 ticket)
{
	struct queue_entry *entry = queue_find(queue, ticket);

	if (entry)
		entry->ticket = 0;
}

/* The oldest waiting burst; cookie 0: none waits, or the queue ran over. */
static __always_inline void queue_oldest(struct queue *queue, struct hop_burst *burst, bool take)
{
	u32 position = queue->head;

	__builtin_memset(burst, 0, sizeof(*burst));
	for (int i = 0; i < QUEUE_LENGTH && position != queue->tail; i++, position++) {
		struct queue_entry *entry = &queue->entry[position & QUEUE_MASK];

		if (!entry->ticket)
			continue;
		if (!queue->ran_over)
			*burst = entry->burst;
		if (take) {
			entry->ticket = 0;
			position++;
		}
		break;
	}
	queue->head = position;
	if (position == queue->tail)
		queue->ran_over = 0;
}

/*
 * The waiting response that belongs to the request `burst` of the client `cookie`, by the oldest rule, is taken, and
 * `oldest` is the first that waits in its group: the same one, if what was read first is passed on first. False where
 * none belongs to it.
 *
 * HAProxy passes on in the order of its reads, but responses on reused connections before those on fresh ones that it
 * read in the same round (2.6: without the groups 37 of the 1,000 responses of a run were given to other clients).
 */
static __always_inline bool queue_take_caused(struct queue *queue, u64 cookie, u32 burst, struct hop_burst *oldest)
{
	u32 first_of[2] = {}; /* position + 1 */
	u32 position = queue->head;

	for (int i = 0; i < QUEUE_LENGTH && position != queue->tail; i++, position++) {
		struct queue_entry *entry = &queue->entry[position & QUEUE_MASK];
		u32 first;

		if (!entry->ticket)
			continue;
		first = entry->group == GROUP_REUSED ? first_of[1] : first_of[0];
		if (entry->cause_cookie != cookie || entry->cause_burst != burst) {
			if (first)
				continue;
			if (entry->group == GROUP_REUSED)
				first_of[1] = position + 1;
			else
				first_of[0] = position + 1;
			continue;
		}
		*oldest = first ? queue->entry[(first - 1) & QUEUE_MASK].burst : entry->burst;
		if (queue->ran_over)
			__builtin_memset(oldest, 0, sizeof(*oldest));
		entry->ticket = 0;
		return true;
	}
	return false;
}

#endif
