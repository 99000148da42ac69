/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Mappings read by a table of their keys; what `policy show` writes and `policy schema` says comes
 * from the same tables. Mistakes of the file's author go into the reader's errors and reading goes
 * on; what the functions return is 0 or -ENOMEM.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/macros.h"
#include "policy/document.h"
#include "policy/errors.h"
#include "policy/origins.h"
#include "policy/policy.h"
#include "policy/scalars.h"

struct json;
struct show;

/* Files on their way into a policy, one after the other. */
struct reader {
	struct policy *policy;
	struct policy_errors *errors;
	const char *file;
	struct origins *origins;   /* who said what; NULL: nobody wants to know */
	const struct field *top;   /* the format's outermost keys */
	char path[ORIGIN_KEY_MAX]; /* of the key that is being read, "mqtt.broker" */
	size_t n_added;		   /* bind items that files have put before the defaults */
};

/* A word and what it stands for; a NULL name ends a table. */
struct choice {
	const char *name;
	unsigned value;
};

struct field;

/* What kind of value a key has: how it is read, how it is written, and its form as JSON Schema. */
struct field_type {
	int (*read)(struct reader *reader, const struct field *field, const struct node *value,
		    void *base);
	/* A value that fits a line, as YAML; NULL where `show` is needed. */
	void (*put)(FILE *out, const struct field *field, const void *base);
	int (*show)(struct show *show, const struct field *field, const void *base);
	/* Members of an object that is open. */
	void (*schema)(struct json *j, const struct field *field);
};

struct field {
	const char *key; /* NULL ends a table */
	const struct field_type *type;
	size_t offset; /* of what is set, from base */
	size_t size;   /* text: of the buffer, with the NUL */
	const struct form *form;
	const struct choice *choices;
	const struct field *fields; /* of a mapping within */
	uint64_t min, max;
	bool none; /* durations: `none` gives 0 */
};

extern const struct choice severity_choices[];
extern const struct choice action_choices[];

void reader_error(struct reader *reader, const struct node *node, const char *format, ...)
	_printf_(3, 4);
void reader_error_at(struct reader *reader, struct place place, const char *format, ...)
	_printf_(3, 4);
/* Says so where the node is of another kind; `form` is an example of what was expected. */
bool reader_expect(struct reader *reader, const struct node *node, enum node_kind kind,
		   const char *form);
/* Says so where the key of a mapping's value stands there before. */
bool reader_repeated(struct reader *reader, const struct node *map, const struct node *value);

/* Remembers where a value was said: "mqtt.broker", "bind:RULE". -ENOMEM. */
int reader_origin(struct reader *reader, const char *key, const struct node *node);

/* Reads a whole mapping; unknown and repeated keys are errors. */
int fields_read(struct reader *reader, const struct field *fields, const struct node *map,
		void *base);

/* Types that do not need more than their table. */
extern const struct field_type mapping_type, text_type, choice_type, duration_type, size_type;
/* The type of a mapping whose values have to fit each other. */
int read_mapping(struct reader *reader, const struct field *field, const struct node *value,
		 void *base);

/* The value of a word, or -EINVAL after saying which words there are. */
int choice_read(struct reader *reader, const struct choice *choices, const struct node *value,
		unsigned *ret_value);
