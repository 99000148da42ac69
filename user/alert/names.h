/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The words for an object's values, as JSON and messages use them; NULL for what has none. */
#include "evmon/types.h"

#include "event/event.h"

const char *proto_name(enum evmon_proto proto);
const char *family_name(enum evmon_family family);
const char *scope_name(enum evmon_scope scope);
const char *bind_how_name(enum evmon_bind_how how);
const char *capability_kind_name(enum evmon_capability_kind kind);
const char *exec_how_name(enum evmon_exec_how how);
