/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * EVerest's modules: the class number of each module name (from EVMON_CLASS_MODULE, never reused
 * while evmon runs), the instance behind each slot, and the executables below modules_dir.
 * A module's executable is <modules_dir>/<Name>/<Name> (EVerest lib/config, C++ and Rust).
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

enum {
	MODULE_NAME_MAX = 64 /* as in a policy */
};

struct module {
	char id[MODULE_NAME_MAX]; /* empty: not known */
	char name[MODULE_NAME_MAX];
};

/* argv, a NUL after each but perhaps the last; all zero: not known. Not owned. */
struct module_args {
	const char *text;
	size_t length;
};

struct modules;

int modules_new(struct modules **ret_modules);
void modules_free(struct modules *modules);
DEFINE_CLEANUP(struct modules *, modules_free);

/* The class of a module name, made if need be; -ENOSPC when all 250 are taken. */
int modules_class(struct modules *modules, const char *name);
/* The name of a class; NULL if it is no module's. */
const char *modules_name(const struct modules *modules, unsigned class);
/* Calls fn for each executable file <dir>/<Name>/<file> (path, class); classes are made for new
 * names that have one. Stops at an error of fn. -ENOENT: no such dir; -ENOSPC: classes ran out. */
int modules_scan(struct modules *modules, const char *dir,
		 int (*fn)(const char *path, unsigned class, void *userdata), void *userdata);
/* argv[0] (or EV_MODULE) of a slot's instance: "slac:EvseSlac" gives id slac. A text that does
 * not end in ":<name of the class>" gives id = --module's value if `args` has it, else none.
 * A slot beyond the last, or of no module, is passed over. */
void modules_slot_set(struct modules *modules, unsigned slot, unsigned class, const char *argv0,
		      struct module_args args);
/* False: the class is no module's. The id is empty where the slot is not known. */
bool modules_of(const struct modules *modules, unsigned class, unsigned slot,
		struct module *ret_module);
