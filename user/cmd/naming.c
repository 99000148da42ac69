// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel side judges by numbers: a class for a module's name, a slot for its instance, device
 * and inode for a file. What they stand for is known to user space alone, in the policy and in
 * process/modules.c. A number that finds no name costs a word in an alert and never a verdict, so
 * nothing here is worth more than a line in the log.
 */
#include "cmd/naming.h"

#include <string.h>

#include "base/log.h"
#include "process/process.h"

enum {
	ARGS_MAX = 8192
};

struct files {
	struct kernel *kernel;
	naming_path_fn fn;
	void *userdata;
};

static int exe_set(const struct files *files, const char *path, unsigned class, bool root_allowed)
{
	int err = tables_exe(files->kernel, path, class, root_allowed);

	if (files->fn)
		files->fn(path, files->userdata);
	return err;
}

static void exe_named(const struct files *files, const char *path, unsigned class,
		      bool root_allowed)
{
	int err = exe_set(files, path, class, root_allowed);

	if (err < 0)
		log_debug("%s: %s", path, strerror(-err));
}

static int exe_found(const char *path, unsigned class, void *userdata)
{
	int err = exe_set(userdata, path, class, false);

	if (err < 0)
		log_warning("%s: its process cannot be told by its file: %s", path, strerror(-err));
	return 0;
}

void naming_files(struct kernel *kernel, struct modules *modules, const struct policy *policy,
		  naming_path_fn fn, void *userdata)
{
	struct files files = { .kernel = kernel, .fn = fn, .userdata = userdata };

	exe_named(&files, policy->manager, EVMON_CLASS_MANAGER, false);
	exe_named(&files, policy->broker_exe, EVMON_CLASS_BROKER, false);
	for (char **path = policy->root_allow; path && *path; path++)
		exe_named(&files, *path, EVMON_CLASS_HOST, true);
	tables_starters(kernel);
	if (tables_modules_dir(kernel, policy->modules_dir) < 0 ||
	    modules_scan(modules, policy->modules_dir, exe_found, &files) < 0)
		log_debug("no modules in '%s'", policy->modules_dir);
}

static int class_of(const char *name, void *userdata)
{
	return modules_class(userdata, name);
}

int naming_policy(struct kernel *kernel, struct modules *modules, const struct policy *policy)
{
	return tables_policy(kernel, policy, class_of, modules);
}

void naming_slot(struct kernel *kernel, struct modules *modules, unsigned class, unsigned slot,
		 struct module_args args)
{
	char name[TABLES_NAME_MAX];
	struct module module;
	unsigned of = 0;

	if (!modules_of(modules, class, slot, &module) || module.id[0])
		return;
	if (tables_slot(kernel, slot, &of, name) == 0 && of == class)
		modules_slot_set(modules, slot, class, name, args);
}

int naming_task(struct kernel *kernel, struct modules *modules, const struct tables_task *task,
		struct module_args args, unsigned *ret_slot)
{
	const char *argv0 = args.length ? args.text : "";
	int err = tables_task_class(kernel, task, argv0, ret_slot);

	if (err >= 0)
		modules_slot_set(modules, *ret_slot, task->class, argv0, args);
	return err;
}

int naming_seen(struct kernel *kernel, struct modules *modules, const struct snapshot_task *task)
{
	const struct tables_task known = { task->pid, task->start_ns, task->class };
	char text[ARGS_MAX];
	struct module_args args = { text, 0 };
	unsigned slot = 0;
	ssize_t n;

	if (task->class < EVMON_CLASS_MODULE || !task->own)
		return 0;
	n = process_args(task->pid, text, sizeof(text));
	if (n > 0)
		args.length = (size_t)n;
	if (naming_task(kernel, modules, &known, args, &slot) < 0)
		log_debug("%u ended before it was named", task->pid);
	return 0;
}
