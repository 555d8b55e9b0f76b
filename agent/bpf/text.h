/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Growing text, and JSON into it. */
#ifndef HOP_TEXT_H
#define HOP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *bytes;
	size_t length;
	size_t capacity;
};

/* Out of memory ends the program with a message: nothing useful can follow. */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes; bytes that are not printable ASCII become \u00XX. */
void text_add_json(struct text *text, const char *value);
/* A comma, unless the text is empty or ends in an opening bracket. */
void text_comma(struct text *text);
void text_clear(struct text *text);
void text_free(struct text *text);

#endif
