// SPDX-License-Identifier: Apache-2.0
/*
 * Nobody is asked: the daemon has no channel for questions. At its start it looks itself; who wants
 * to know later loads two iterators and maps of his own, finds EVerest's tree as the daemon did, by
 * the policy's files, the unit's cgroup and everybody's ancestors, and then goes through all open
 * sockets. What only the daemon can know, the class of a task whose ancestors have ended, is not
 * known to him.
 */
#include "cmd/inventory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "cmd/naming.h"
#include "kernel/kernel.h"
#include "kernel/snapshot.h"
#include "process/process.h"

struct look {
	struct inventory *inventory;
	const struct modules *modules;
};

struct naming {
	const struct policy *policy;
	struct kernel *kernel;
	struct modules *modules;
};

static int on_task(const struct snapshot_task *task, void *userdata)
{
	struct naming *naming = userdata;
	struct snapshot_task seen = *task;

	naming_seen(naming->kernel, naming->modules, naming->policy->modules_dir, &seen);
	return 0;
}

/* An index means something in its own network namespace only; evmon can ask for its own. */
static void device_name(const struct inventory *inventory, struct inventory_item *item)
{
	const struct listener *listener = &item->listener;

	if (listener->ifindex && listener->netns == inventory->netns &&
	    !if_indextoname(listener->ifindex, item->device))
		item->device[0] = '\0';
}

static int item_room(struct inventory *inventory)
{
	size_t room = inventory->room ? 2 * inventory->room : 64;
	struct inventory_item *items;

	if (inventory->n < inventory->room)
		return 0;
	items = realloc(inventory->items, room * sizeof(*items));
	if (!items)
		return -ENOMEM;
	inventory->items = items;
	inventory->room = room;
	return 0;
}

static int on_listener(const struct listener *listener, void *userdata)
{
	struct look *look = userdata;
	struct inventory *inventory = look->inventory;
	const struct listener_owner *owner = &listener->owner;
	struct inventory_item *item;
	int err;

	if (inventory->n == INVENTORY_MAX) {
		inventory->omitted++;
		return 0;
	}
	err = item_room(inventory);
	if (err < 0)
		return err;
	item = &inventory->items[inventory->n++];
	*item = (struct inventory_item){ .listener = *listener };
	/* lockdown=confidentiality hides it from the iterator. */
	if (!owner->exe[0] && process_exe(owner->pid, owner->start_ns, item->listener.owner.exe,
					  sizeof(item->listener.owner.exe)) < 0)
		log_debug("%u: its executable is not known", owner->pid);
	item->rule = policy_bind_rule(inventory->policy, owner->subject, &listener->object);
	if (!modules_of(look->modules, owner->class, owner->slot, &item->module))
		item->module.name[0] = '\0';
	device_name(inventory, item);
	return 0;
}

int inventory_look(struct kernel *kernel, const struct modules *modules,
		   const struct policy *policy, struct inventory *ret_inventory)
{
	struct look look = { .inventory = ret_inventory, .modules = modules };
	struct stat st;
	int err;

	*ret_inventory = (struct inventory){ .policy = policy };
	if (stat("/proc/self/ns/net", &st) == 0)
		ret_inventory->netns = (uint32_t)st.st_ino;
	err = listeners_take(kernel, on_listener, &look);
	if (err < 0)
		return err;
	inventory_sort(ret_inventory);
	inventory_openers(ret_inventory);
	return 0;
}

static int tree_find(struct naming *naming)
{
	const struct policy *policy = naming->policy;
	int err;

	naming_files(naming->kernel, naming->modules, policy, NULL, NULL);
	if (tables_unit(naming->kernel, policy->unit) < 0)
		log_debug("%s has no cgroup", policy->unit);
	err = snapshot_take(naming->kernel, on_task, naming);
	return err == -ENOTSUP ? 0 : err; /* then nobody is told to be EVerest's */
}

int inventory_take(const struct policy *policy, struct inventory *ret_inventory, char *where,
		   size_t where_size)
{
	_cleanup_(kernel_freep) struct kernel *kernel = NULL;
	_cleanup_(modules_freep) struct modules *modules = NULL;
	const struct kernel_options options = { .inventory = true };
	struct naming naming = { .policy = policy };
	int err = kernel_new(&options, &kernel, where, where_size);

	if (err < 0)
		return err;
	err = modules_new(&modules);
	if (err < 0) {
		snprintf(where, where_size, "out of memory");
		return err;
	}
	naming.kernel = kernel;
	naming.modules = modules;
	err = tree_find(&naming);
	if (err < 0) {
		snprintf(where, where_size, "cannot go through the tasks: %s", strerror(-err));
		return err;
	}
	err = inventory_look(kernel, modules, policy, ret_inventory);
	if (err < 0)
		snprintf(where, where_size, "cannot go through the open sockets: %s",
			 strerror(-err));
	return err;
}

void inventory_fini(struct inventory *inventory)
{
	free(inventory->items);
}

bool inventory_same_socket(const struct listener *a, const struct listener *b)
{
	return a->inode == b->inode && a->netns == b->netns &&
	       !memcmp(&a->object, &b->object, sizeof(a->object));
}

const char *listener_state(const struct listener *listener)
{
	return listener->listening ? "listening" : "bound";
}

const char *inventory_action_name(enum policy_action action)
{
	static const char *const names[] = {
		[ACTION_ALLOW] = "allow",
		[ACTION_ALERT] = "alert",
		[ACTION_DENY] = "deny",
	};

	return names[action];
}

#define COMPARE(a, b)                              \
	do {                                       \
		if ((a) != (b))                    \
			return (a) < (b) ? -1 : 1; \
	} while (0)

/* By namespace, protocol and port as people look for them, then by what keeps a socket's owners
 * together. */
static int compare(const void *left, const void *right, void *userdata)
{
	const struct listener *a = &((const struct inventory_item *)left)->listener;
	const struct listener *b = &((const struct inventory_item *)right)->listener;
	const struct inventory *inventory = userdata;
	int differ;

	COMPARE(b->netns == inventory->netns, a->netns == inventory->netns);
	COMPARE(a->netns, b->netns);
	COMPARE(a->object.proto, b->object.proto);
	COMPARE(a->object.port, b->object.port);
	COMPARE(a->object.family, b->object.family);
	differ = memcmp(a->address, b->address, sizeof(a->address));
	if (differ)
		return differ;
	COMPARE(a->inode, b->inode);
	COMPARE(a->owner.pid, b->owner.pid);
	COMPARE(a->owner.fd, b->owner.fd);
	return 0;
}

/* A process that has a socket twice is one owner. */
void inventory_sort(struct inventory *inventory)
{
	size_t kept = 0;

	if (!inventory->n)
		return;
	qsort_r(inventory->items, inventory->n, sizeof(*inventory->items), compare, inventory);
	for (size_t i = 1; i < inventory->n; i++) {
		const struct listener *last = &inventory->items[kept].listener;
		const struct listener *next = &inventory->items[i].listener;

		if (!inventory_same_socket(last, next) || last->owner.pid != next->owner.pid)
			inventory->items[++kept] = inventory->items[i];
	}
	inventory->n = kept + 1;
}

/* As for alerts of what is held: outside of the owner's instance, older than he is, and of those
 * the one that started first. */
static const struct inventory_item *opener_of(const struct inventory_item *item,
					      const struct inventory_item *first, size_t n)
{
	const struct listener_owner *owner = &item->listener.owner;
	const struct inventory_item *opener = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct listener_owner *other = &first[i].listener.owner;

		if (other->slot != owner->slot && other->start_ns < owner->start_ns &&
		    (!opener || other->start_ns < opener->listener.owner.start_ns))
			opener = &first[i];
	}
	return opener;
}

void inventory_openers(struct inventory *inventory)
{
	struct inventory_item *items = inventory->items;
	size_t n;

	for (size_t first = 0; first < inventory->n; first += n) {
		n = 1;
		while (first + n < inventory->n &&
		       inventory_same_socket(&items[first].listener, &items[first + n].listener))
			n++;
		for (size_t i = first; i < first + n; i++)
			items[i].opener = opener_of(&items[i], &items[first], n);
	}
}
