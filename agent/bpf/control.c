// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "control.h"

#include <bpf/bpf.h>
#include <stdlib.h>
#include <time.h>

#define CHECKS_MASK (CHECKS_MAX - 1)
#define NOTES_MASK (NOTES_MAX - 1)
#define NO_LEG UINT64_MAX
#define RATE_EVERY_NS 100000000ull
#define LEGS_PER_SECOND_MAX 50000 /* 10,000 connections at five taps; an agent digests about 60,000 on a core */
/*
 * Dropped SYNs are told one by one, whatever becomes of their legs: those only cost. At this rate it is a flood, and as
 * many legs as come to so many are enough to know it by.
 */
#define DROPS_PER_SECOND_MAX 5000
#define EXCHANGES_PER_SECOND_MAX 2000 /* told with new legs; about 6 us each in the agent: 1.2 % of a core */
#define EXCHANGES_LOOKS 8             /* the rate of the last 0.8 s: a burst of 200 requests is told whole */
#define LOST_NS 2000000000ull     /* neither in the map nor told by now: evicted */
#define SHED_BITS_MAX 12

static u64 realtime_minus_monotonic_ns(void)
{
	struct timespec realtime, monotonic;

	clock_gettime(CLOCK_REALTIME, &realtime);
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	return (realtime.tv_sec - monotonic.tv_sec) * 1000000000ll + realtime.tv_nsec - monotonic.tv_nsec;
}

bool control_open(struct control *control, const struct programs *programs)
{
	*control = (struct control){
		.legs_fd = programs_map(programs, "legs"),
		.programs = programs,
		.check = calloc(CHECKS_MAX, sizeof(*control->check)),
		.order = calloc(CHECKS_MAX, sizeof(*control->order)),
		.note = calloc(NOTES_MAX, sizeof(*control->note)),
		.shared = programs_control(programs),
	};
	if (!control->check || !control->order || !control->note)
		return false;
	if (control->shared)
		control->shared->realtime_minus_monotonic_ns = realtime_minus_monotonic_ns();
	for (u32 i = 0; i < CHECKS_MAX; i++)
		control->check[i].id = NO_LEG;
	return true;
}

static struct hop_opened *find(struct control *control, u64 id)
{
	struct hop_opened *check = &control->check[id & CHECKS_MASK];

	return check->id == id ? check : NULL;
}

static void forget(struct control *control, u64 id)
{
	struct hop_opened *check = find(control, id);

	if (check)
		check->id = NO_LEG;
}

void control_opened(struct control *control, const struct hop_opened *opened)
{
	struct hop_opened *check = &control->check[opened->id & CHECKS_MASK];

	if (!opened->key) {
		forget(control, opened->id);
		return;
	}
	if (check->id != NO_LEG || control->tail - control->head == CHECKS_MAX) {
		control->checks_lost++;
		return;
	}
	*check = *opened;
	control->order[control->tail++ & CHECKS_MASK] = opened->id;
}

void control_noted(struct control *control, const struct hop_opened *noted)
{
	if (control->note_tail - control->note_head == NOTES_MAX) {
		control->checks_lost++;
		return;
	}
	control->note[control->note_tail++ & NOTES_MASK] = *noted;
}

void control_told(struct control *control, const struct hop_leg *leg)
{
	forget(control, leg->id);
}

static void tell_exchange(struct output *output, const struct hop_leg_entry *entry, u64 now_ns)
{
	struct hop_exchange exchange;

	if (hop_exchange_of(&exchange, entry, now_ns, HOP_EXCHANGE_EARLY))
		output_frame(output, HOP_FRAME_EXCHANGE, &exchange, sizeof(exchange));
}

static bool tell(const struct control *control, struct output *output, const struct hop_opened *check, u64 now_ns)
{
	struct hop_leg_entry entry;

	if (bpf_map_lookup_elem(control->legs_fd, &check->key, &entry) || entry.leg.id != check->id)
		return false;
	entry.leg.at_ns = now_ns;
	output_frame(output, HOP_FRAME_LEG, &entry.leg, sizeof(entry.leg));
	tell_exchange(output, &entry, now_ns);
	return true;
}

/* Where the leg is gone, its exchange was told with it. */
static void tell_noted(struct control *control, struct output *output, u64 now_ns, u64 age_ns)
{
	for (; control->note_head != control->note_tail; control->note_head++) {
		const struct hop_opened *note = &control->note[control->note_head & NOTES_MASK];
		struct hop_leg_entry entry;

		if (now_ns - note->syn_ns < age_ns)
			return;
		if (!bpf_map_lookup_elem(control->legs_fd, &note->key, &entry) && entry.leg.id == note->id)
			tell_exchange(output, &entry, now_ns);
	}
}

/* A leg that is not in the map may have ended, and the kernel's word of it wait in the ring: it is asked for again. */
static void tell_older_than(struct control *control, struct output *output, u64 now_ns, u64 age_ns)
{
	u64 end = control->tail;

	while (control->head != end) {
		u64 id = control->order[control->head & CHECKS_MASK];
		struct hop_opened *check = find(control, id);

		if (check && now_ns - check->syn_ns < age_ns)
			return;
		control->head++;
		if (!check)
			continue;
		if (tell(control, output, check, now_ns)) {
			check->id = NO_LEG;
		} else if (age_ns && now_ns - check->syn_ns < LOST_NS) {
			control->order[control->tail++ & CHECKS_MASK] = id;
		} else {
			check->id = NO_LEG;
			control->checks_lost++;
		}
	}
}

/* Slices of time with enough zero bits at the end of their number tell exchanges. */
static u32 slice_mask(u64 legs_per_second)
{
	u32 bits = 0;

	while (bits < SHED_BITS_MAX && legs_per_second >> bits > EXCHANGES_PER_SECOND_MAX)
		bits++;
	return (1u << bits) - 1;
}

/*
 * Too many new legs: those are kept whose client ISN, hashed, ends in enough zero bits. It is the same ISN at every tap
 * of every node, so that whole connections are kept or not. Dropped SYNs and ICMP errors are told all the same.
 */
static void shed(struct control *control, u64 now_ns)
{
	struct hop_stats stats;
	u64 wanted, per_second, drops;
	bool lacks_legs;
	u32 bits = 0;

	programs_stats(control->programs, &stats);
	wanted = stats.legs_opened + stats.legs_shed - control->rated_opened - control->rated_shed;
	per_second = wanted * 1000000000ull / (now_ns - control->rated_ns + 1);
	drops = (stats.drops_seen - control->rated_drops) * 1000000000ull / (now_ns - control->rated_ns + 1);
	while (bits < SHED_BITS_MAX &&
	       (per_second >> bits > LEGS_PER_SECOND_MAX || drops >> bits > DROPS_PER_SECOND_MAX))
		bits++;
	/* Legs are being left out or lost since now: whoever judges drops has to know at once. */
	lacks_legs = stats.legs_shed != control->rated_shed || stats.lost_legs != control->rated_lost;
	control->wants_stats = lacks_legs && !control->was_lacking;
	control->was_lacking = lacks_legs;
	if (control->rated_ns) {
		control->shared->shed_mask = (1u << bits) - 1;
		control->kept_per_second =
			(control->kept_per_second * (EXCHANGES_LOOKS - 1) + (per_second >> bits)) / EXCHANGES_LOOKS;
		control->shared->slice_mask = slice_mask(control->kept_per_second);
	}
	control->rated_ns = now_ns;
	control->rated_opened = stats.legs_opened;
	control->rated_shed = stats.legs_shed;
	control->rated_lost = stats.lost_legs;
	control->rated_drops = stats.drops_seen;
}

void control_run(struct control *control, struct output *output, u64 now_ns)
{
	tell_older_than(control, output, now_ns, HOP_CHECK_NS);
	tell_noted(control, output, now_ns, HOP_LOOK_NS);
	if (now_ns < control->next_rate_ns || !control->shared)
		return;
	control->next_rate_ns = now_ns + RATE_EVERY_NS;
	shed(control, now_ns);
}

void control_devices_changed(struct control *control)
{
	if (control->shared)
		control->shared->device_generation++;
}

void control_flush(struct control *control, struct output *output, u64 now_ns)
{
	tell_older_than(control, output, now_ns, 0);
	tell_noted(control, output, now_ns, 0);
}
