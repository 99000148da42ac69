/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How values of a policy are written, as YAML that reads back as what it was. */
#include <stdint.h>
#include <stdio.h>

#include "policy/fields.h"

/* Text in quotation marks wherever it could pass for something else. */
void yaml_text(FILE *out, const char *text);
/* The word for a value; "?" where the table has none. */
const char *choice_name(const struct choice *choices, unsigned value);

/* For field types. */
void put_text(FILE *out, const struct field *field, const void *base);
void put_choice(FILE *out, const struct field *field, const void *base);
void put_duration(FILE *out, const struct field *field, const void *base);
void put_size(FILE *out, const struct field *field, const void *base);
void put_capabilities(FILE *out, const struct field *field, const void *base);
void put_texts(FILE *out, const struct field *field, const void *base);
