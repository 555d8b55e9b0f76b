// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ndjson.h"
#include "text.h"

volatile int output_give_up;

static void wait_writable(void)
{
	struct pollfd poll_fd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	poll(&poll_fd, 1, 1000);
}

static void write_all(struct output *output, const void *bytes, size_t count)
{
	const unsigned char *from = bytes;

	while (count && !output->is_closed) {
		ssize_t written = output_give_up ? -1 : write(STDOUT_FILENO, from, count);

		if (written >= 0) {
			from += written;
			count -= written;
		} else if (output_give_up) {
			output->is_closed = true;
		} else if (errno == EAGAIN) { /* a parent that shares the pipe made it non-blocking */
			wait_writable();
		} else if (errno != EINTR) {
			output->is_closed = true;
		}
	}
}

void output_flush(struct output *output)
{
	size_t used = output->used;

	output->used = 0;
	write_all(output, output->buffer, used);
}

static void put(struct output *output, const void *bytes, size_t count)
{
	if (output->used + count > sizeof(output->buffer))
		output_flush(output);
	if (count > sizeof(output->buffer)) {
		write_all(output, bytes, count);
		return;
	}
	memcpy(output->buffer + output->used, bytes, count);
	output->used += count;
}

void output_frame(struct output *output, enum hop_frame_kind kind, const void *body, size_t bytes)
{
	static struct text line;
	struct hop_frame_head head = {
		.size = sizeof(head) + bytes,
		.kind = kind,
		.version = HOP_LAYOUT_VERSION,
	};

	if (!output->want_json) {
		put(output, &head, sizeof(head));
		put(output, body, bytes);
		return;
	}
	text_clear(&line);
	ndjson_line(&line, kind, body);
	put(output, line.bytes, line.length);
}
