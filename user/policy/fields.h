/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Mappings read by a table of their keys. Mistakes of the file's author go into the reader's
 * errors and reading goes on; what the functions return is 0 or -ENOMEM.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "policy/document.h"
#include "policy/errors.h"
#include "policy/policy.h"

/* One file on its way into a policy. */
struct reader {
	struct policy *policy;
	struct policy_errors *errors;
	const char *file;
	size_t n_added; /* bind items that files have put before the defaults */
};

/* A word and what it stands for; a NULL name ends a table. */
struct choice {
	const char *name;
	unsigned value;
};

struct field {
	const char *key; /* NULL ends a table */
	int (*read)(struct reader *reader, const struct field *field, const struct node *value,
		    void *base);
	size_t offset; /* of what is set, from base */
	size_t size;   /* text: of the buffer, with the NUL */
	const char *(*check)(const char *text);
	const struct choice *choices;
	const struct field *fields; /* of a mapping within */
	uint64_t min, max;
	bool none; /* durations: `none` gives 0 */
};

extern const struct choice severity_choices[];
extern const struct choice action_choices[];

void reader_error(struct reader *reader, const struct node *node, const char *format, ...)
	_printf_(3, 4);
/* Says so where the node is of another kind; `form` is an example of what was expected. */
bool reader_expect(struct reader *reader, const struct node *node, enum node_kind kind,
		   const char *form);
/* Says so where the key of a mapping's value stands there before. */
bool reader_repeated(struct reader *reader, const struct node *map, const struct node *value);

/* Reads a whole mapping; unknown and repeated keys are errors. */
int fields_read(struct reader *reader, const struct field *fields, const struct node *map,
		void *base);

/* Readers for field tables. */
int read_mapping(struct reader *reader, const struct field *field, const struct node *value,
		 void *base);
int read_text(struct reader *reader, const struct field *field, const struct node *value,
	      void *base);
int read_choice(struct reader *reader, const struct field *field, const struct node *value,
		void *base);
int read_duration(struct reader *reader, const struct field *field, const struct node *value,
		  void *base);
int read_size(struct reader *reader, const struct field *field, const struct node *value,
	      void *base);

/* The value of a word, or -EINVAL after saying which words there are. */
int choice_read(struct reader *reader, const struct choice *choices, const struct node *value,
		unsigned *ret_value);
