/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where a bind item of a file goes among those that are there. */
#include "policy/fields.h"

/* Puts the item in place of the one of its name, or where new ones go. It stands at `node`. */
void bind_merge(struct reader *reader, const struct node *node, const struct bind_rule *item);
/* Switches the rule off; one that nobody has must at least be a known one. */
void bind_remove(struct reader *reader, const struct node *node, const char *rule);
