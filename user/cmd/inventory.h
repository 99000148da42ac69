/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The bound sockets of now and who holds them, with their names and the policy's word. */
#include <net/if.h>
#include <stddef.h>

#include "kernel/listeners.h"
#include "policy/policy.h"
#include "process/modules.h"

enum {
	INVENTORY_MAX = 16384 /* sockets times owners */
};

/* A socket and one process that holds it. */
struct inventory_item {
	struct listener listener;
	struct module module;	      /* name empty: none */
	char device[IF_NAMESIZE];     /* empty: none, or not evmon's network namespace */
	const struct bind_rule *rule; /* the policy's; NULL: none speaks of it */
	/* Who opened it, where the owner did not and that one has it still; NULL: nobody known.
	 * Another item of the inventory. */
	const struct inventory_item *opener;
};

struct inventory {
	const struct policy *policy;  /* not owned */
	struct inventory_item *items; /* owned */
	size_t n, room, omitted;      /* omitted: did not fit */
	uint32_t netns;		      /* evmon's own */
};

/* Looks, with what the kernel side and the modules know already: who runs what. Errors are those of
 * listeners_take(). */
int inventory_look(struct kernel *kernel, const struct modules *modules,
		   const struct policy *policy, struct inventory *ret_inventory);
/* Looks with programs of its own. Errors are those of kernel_new() and listeners_take(); where:
 * room for the operator's sentence, always filled on error. */
int inventory_take(const struct policy *policy, struct inventory *ret_inventory, char *where,
		   size_t where_size);
void inventory_fini(struct inventory *inventory);

/* Of one socket and process what it takes to tell them apart stays; own namespace first. */
void inventory_sort(struct inventory *inventory);
/* Finds the openers; the items are sorted, and stay where they are. */
void inventory_openers(struct inventory *inventory);
/* Both are the same socket. */
bool inventory_same_socket(const struct listener *a, const struct listener *b);
/* "listening", or "bound" and no more */
const char *listener_state(const struct listener *listener);
/* "allow", "alert", "deny" */
const char *inventory_action_name(enum policy_action action);
