/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the loader does with the map of legs: looks again at the young ones, and keeps the map from being flooded. */
#ifndef HOP_CONTROL_H
#define HOP_CONTROL_H

#include <stdbool.h>

#include "hop.h"
#include "output.h"
#include "programs.h"
#include "settings.h"

#define NOTES_MAX (1u << 15) /* a power of two; connections that stay open and talk, times taps */
#define CHECKS_MAX (1u << 16) /* a power of two; legs of 0.3 s at 200,000 a second, four times what is not shed */

struct control {
	int legs_fd;
	const struct programs *programs;
	struct hop_opened *check; /* ring of CHECKS_MAX, found by id: ids are dense and nearly in order of time */
	u64 *order;               /* ids in the order in which they came */
	u64 head, tail;           /* of order */
	struct hop_opened *note;  /* ring of NOTES_MAX in the order in which they came */
	u64 note_head, note_tail;
	u64 checks_lost;
	struct hop_control *shared; /* with the programs; NULL: could not be mapped */
	u64 next_rate_ns; /* when the rate of new legs is looked at again */
	u64 rated_ns, rated_opened, rated_shed, rated_lost, rated_drops;
	bool was_lacking; /* legs, at the last look */
	bool wants_stats; /* the agent has to hear of it */
	u64 kept_per_second; /* legs that were not shed, smoothed */
};

bool control_open(struct control *control, const struct programs *programs);
/* A leg began. */
void control_opened(struct control *control, const struct hop_opened *opened);
/* A request began on a leg that was told long ago. */
void control_noted(struct control *control, const struct hop_opened *noted);
/* The kernel told of it: nothing is left to look at. */
void control_told(struct control *control, const struct hop_leg *leg);
/* Tells the legs and exchanges whose time has come, as they stand. Call often. */
void control_run(struct control *control, struct output *output, u64 now_ns);
/* What the map skipped_devices says, or which namespaces are watched, is another than before. */
void control_devices_changed(struct control *control);
/* The same for all that wait, before the end. */
void control_flush(struct control *control, struct output *output, u64 now_ns);

#endif
