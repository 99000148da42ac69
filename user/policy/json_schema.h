/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The policy's format as JSON Schema (2020-12), for editors; what it can't express, the parser
 * still refuses. */
#include "base/json.h"
#include "policy/fields.h"

/* The whole schema, on one line. The length, or -ENOSPC. */
int policy_json_schema(char *buffer, size_t size);

/* For field types: the members that describe a value. */
void schema_mapping(struct json *j, const struct field *field);
void schema_text(struct json *j, const struct field *field);
void schema_choice(struct json *j, const struct field *field);
void schema_duration(struct json *j, const struct field *field);
void schema_size(struct json *j, const struct field *field);
void schema_bind(struct json *j, const struct field *field);
void schema_rule_name(struct json *j, const struct field *field);
void schema_ports(struct json *j, const struct field *field);
void schema_scopes(struct json *j, const struct field *field);
void schema_modules(struct json *j, const struct field *field);
void schema_capabilities(struct json *j, const struct field *field);
void schema_texts(struct json *j, const struct field *field);
void schema_usb_allow(struct json *j, const struct field *field);
