// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAPACITY 4096

static void text_reserve(struct text *text, size_t more)
{
	size_t capacity = text->capacity ? text->capacity : FIRST_CAPACITY;

	while (capacity < text->length + more + 1)
		capacity *= 2;
	if (capacity == text->capacity)
		return;
	text->bytes = realloc(text->bytes, capacity);
	if (!text->bytes) {
		fprintf(stderr, "hoptrace-loader: out of memory (%zu bytes); raise the memory limit\n", capacity);
		exit(1);
	}
	text->capacity = capacity;
}

void text_add(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	text_reserve(text, length);
	va_start(arguments, format);
	vsnprintf(text->bytes + text->length, length + 1, format, arguments);
	va_end(arguments);
	text->length += length;
}

void text_add_json(struct text *text, const char *value)
{
	text_add(text, "\"");
	for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
		if (*c < 0x20 || *c > 0x7e || *c == '"' || *c == '\\')
			text_add(text, "\\u%04x", *c);
		else
			text_add(text, "%c", *c);
	}
	text_add(text, "\"");
}

void text_comma(struct text *text)
{
	char last = text->length ? text->bytes[text->length - 1] : '[';

	if (last != '[' && last != '{')
		text_add(text, ",");
}

void text_clear(struct text *text)
{
	text->length = 0;
	if (text->bytes)
		text->bytes[0] = 0;
}

void text_free(struct text *text)
{
	free(text->bytes);
	*text = (struct text){ 0 };
}
