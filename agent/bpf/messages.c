// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#define _GNU_SOURCE
#include "messages.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_verbose;
static char last_warning[256];
static bool has_complaint; /* last_warning is the verifier's */

/* The last line of the verifier's log before its statistics says what it did not like. */
static void remember_verifier_complaint(char *log)
{
	char *end = strstr(log, "\nprocessed ");
	char *start;

	if (!end)
		return;
	*end = 0;
	start = strrchr(log, '\n');
	snprintf(last_warning, sizeof(last_warning), "%.255s", start ? start + 1 : log);
	has_complaint = true;
}

static void remember_warning(const char *format, va_list arguments)
{
	char *message;

	if (vasprintf(&message, format, arguments) < 0)
		return;
	if (strstr(message, "BEGIN PROG LOAD LOG"))
		remember_verifier_complaint(message);
	else if (!has_complaint) /* what follows a complaint only says that loading failed */
		snprintf(last_warning, sizeof(last_warning), "%.*s", (int)strcspn(message, "\n"), message);
	free(message);
}

static int on_libbpf_message(enum libbpf_print_level level, const char *format, va_list arguments)
{
	va_list copy;

	va_copy(copy, arguments);
	if (level == LIBBPF_WARN)
		remember_warning(format, copy);
	va_end(copy);
	return is_verbose ? vfprintf(stderr, format, arguments) : 0;
}

void messages_start(bool verbose)
{
	is_verbose = verbose;
	libbpf_set_print(on_libbpf_message);
}

void messages_clear(void)
{
	has_complaint = false;
}

const char *messages_last(void)
{
	return last_warning;
}
