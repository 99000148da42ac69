/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How field types describe themselves in the JSON Schema; policy_json_schema() is in schema.h. */
#include "base/json.h"
#include "policy/fields.h"

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
