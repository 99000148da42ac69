/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * EVerest's modules: the class number of each module name (from EVMON_CLASS_MODULE, never reused
 * while evmon runs), the instance behind each slot, and the files below modules_dir. A module is
 * the executable <modules_dir>/<Name>/<Name>, or index.js or module.py there, which node or python3
 * runs (EVerest lib/everest/framework/src/manager.cpp).
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

/* Told of each class before it is used; an error of fn (-errno) is modules_class()'s, and there is
 * no such class then. */
typedef int (*modules_class_fn)(unsigned class, const char *name, void *userdata);
void modules_follow(struct modules *modules, modules_class_fn fn, void *userdata);

/* The class of a module name, made if need be; -ENOSPC when all 250 are taken. */
int modules_class(struct modules *modules, const char *name);
/* The name of a class; NULL if it is no module's. */
const char *modules_name(const struct modules *modules, unsigned class);
/* Calls fn for each executable file and each script <dir>/<Name>/<file> (path, class); classes are
 * made for new names that have one. Stops at an error of fn. -ENOENT: no such dir; -ENOSPC: classes
 * ran out. */
int modules_scan(struct modules *modules, const char *dir,
		 int (*fn)(const char *path, unsigned class, void *userdata), void *userdata);
/* True if the path ends in a script's name. */
bool modules_is_script(const char *path);
/* The script that an interpreter was told to run, the first argument that is no option; NULL: none,
 * or it is not <dir>/<Name>/<script>. ret_name has room for MODULE_NAME_MAX bytes. */
const char *modules_script(struct module_args args, const char *dir, char *ret_name);
/* The name of a slot's instance: of a script EV_MODULE, which is the id; of others argv[0], of
 * which "slac:EvseSlac" gives id slac. An argv[0] that does not end in ":<name of the class>" gives
 * id = --module's value if `args` has it, else none.
 * A slot beyond the last, or of no module, is passed over. */
void modules_slot_set(struct modules *modules, unsigned slot, unsigned class, const char *text,
		      struct module_args args);
/* False: the class is no module's. The id is empty where the slot is not known. */
bool modules_of(const struct modules *modules, unsigned class, unsigned slot,
		struct module *ret_module);
