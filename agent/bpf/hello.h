/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The first frame: who speaks, from which kernel, about which namespaces, and what it can see. */
#ifndef HOP_HELLO_H
#define HOP_HELLO_H

#include "conntrack.h"
#include "namespaces.h"
#include "programs.h"
#include "text.h"

/* Replaces the text by one JSON object. */
void hello_write(struct text *json, const struct programs *programs, const struct namespaces *namespaces,
		 const struct conntrack *conntrack);

#endif
