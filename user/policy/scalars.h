/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What single values look like. The `_check` functions return NULL for what is good, else what it
 * should have been, to follow `"text" is not `. Numbers are decimal digits and nothing else.
 */
#include <stdint.h>

#include "policy/policy.h"

/* -EINVAL: no number as we write them; -ERANGE: does not fit. */
int number_parse(const char *text, uint64_t *ret_number);
/* "30s", "5m", "1h", "1d", in nanoseconds; "16MiB", in bytes. Errors as above. */
int duration_parse(const char *text, uint64_t *ret_ns);
int size_parse(const char *text, uint64_t *ret_bytes);
/* "8849" or "61000-61010". */
int port_range_parse(const char *text, struct port_range *ret_range);

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
