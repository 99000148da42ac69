/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What single values look like. The `_check` functions return NULL for what is good, else what it
 * should have been, to follow `"text" is not `. Numbers are decimal digits and nothing else.
 */
#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

/* -EINVAL: no number as we write them; -ERANGE: does not fit. */
int number_parse(const char *text, uint64_t *ret_number);
/* "30s", "5m", "1h", "1d", in nanoseconds; "16MiB", in bytes. Errors as above. */
int duration_parse(const char *text, uint64_t *ret_ns);
int size_parse(const char *text, uint64_t *ret_bytes);
/* "8849" or "61000-61010". */
int port_range_parse(const char *text, struct port_range *ret_range);

#define MODULE_NAME_PATTERN "[A-Za-z_][A-Za-z0-9_.-]{0,62}"
#define PORT_PATTERN                                                                   \
	"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|" \
	"6553[0-5])"

/* A form of text, for the parser and, as a pattern (ECMA-262, whole text), for its schema. */
struct form {
	const char *(*check)(const char *text);
	const char *pattern;
	bool may_be_number; /* other readers of YAML may take it for one */
};

extern const struct form path_form, path_or_empty_form, unit_form, module_name_form;
extern const struct form hex4_form, hex2_form, usb_port_form, nonempty_form;
extern const struct form broker_url_form, topic_prefix_form;

const char *path_check(const char *text);
const char *path_or_empty_check(const char *text);
const char *unit_check(const char *text);
const char *module_name_check(const char *text);
const char *hex4_check(const char *text);
const char *hex2_check(const char *text);
const char *usb_port_check(const char *text);
const char *nonempty_check(const char *text);
const char *broker_url_check(const char *text);
const char *topic_prefix_check(const char *text);
