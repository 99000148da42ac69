// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel side judges by numbers: a class for a module's name, a slot for its instance, device
 * and inode for a file. What they stand for is known to user space alone, in the policy and in
 * process/modules.c. A number that finds no name costs a word in an alert and never a verdict, so
 * nothing here is worth more than a line in the log.
 */
#include "cmd/naming.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
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

/* As the manager writes it: canonical. */
static int script_set(const struct files *files, const char *path, unsigned class)
{
	char canonical[PATH_MAX];

	if (!realpath(path, canonical))
		return -errno;
	return tables_script(files->kernel, canonical, class);
}

static int file_found(const char *path, unsigned class, void *userdata)
{
	int err = modules_is_script(path) ? script_set(userdata, path, class) :
					    exe_set(userdata, path, class, false);

	if (err < 0)
		log_warning("%s: its process cannot be told by its file: %s", path, strerror(-err));
	return 0;
}

void naming_files_begin(struct kernel *kernel, struct modules *modules, const struct policy *policy,
			naming_path_fn fn, void *userdata)
{
	struct files files = { .kernel = kernel, .fn = fn, .userdata = userdata };

	tables_files_begin(kernel);
	exe_named(&files, policy->manager, EVMON_CLASS_MANAGER, false);
	exe_named(&files, policy->broker_exe, EVMON_CLASS_BROKER, false);
	for (char **path = policy->root_allow; path && *path; path++)
		exe_named(&files, *path, EVMON_CLASS_HOST, true);
	tables_starters(kernel);
	tables_shells(kernel);
	if (tables_modules_dir(kernel, policy->modules_dir) < 0 ||
	    modules_scan(modules, policy->modules_dir, file_found, &files) < 0)
		log_debug("no modules in '%s'", policy->modules_dir);
}

void naming_files(struct kernel *kernel, struct modules *modules, const struct policy *policy,
		  naming_path_fn fn, void *userdata)
{
	naming_files_begin(kernel, modules, policy, fn, userdata);
	tables_files_end(kernel);
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
	int err = tables_task_class(kernel, task, argv0, ret_slot, NULL);

	if (err >= 0)
		modules_slot_set(modules, *ret_slot, task->class, argv0, args);
	return err;
}

/* <dir>/<Name>/<file>: the name. */
static bool name_of_file(const char *dir, const char *exe, char name[MODULE_NAME_MAX])
{
	size_t n = strlen(dir), length;

	if (!n || strncmp(exe, dir, n) != 0 || exe[n] != '/')
		return false;
	exe += n + 1;
	length = strcspn(exe, "/");
	if (!length || length >= MODULE_NAME_MAX || !exe[length] || strchr(exe + length + 1, '/'))
		return false;
	memcpy(name, exe, length);
	name[length] = '\0';
	return true;
}

static int module_set(struct kernel *kernel, struct modules *modules,
		      const struct naming_pending *pending, const char *text,
		      struct naming_module *ret_module)
{
	struct naming_module module = { .class = pending->task.class };
	int err = tables_task_class(kernel, &pending->task, text, &module.slot, &module.withheld);

	if (err < 0)
		return err;
	modules_slot_set(modules, module.slot, module.class, text, pending->args);
	*ret_module = module;
	return 0;
}

int naming_resolve(struct kernel *kernel, struct modules *modules, const char *modules_dir,
		   const struct naming_pending *pending, struct naming_module *ret_module)
{
	char dir[PATH_MAX] = "", name[MODULE_NAME_MAX], id[TABLES_NAME_MAX] = "";
	const char *text = pending->args.length ? pending->args.text : "";
	struct naming_pending known = *pending;
	struct tables_file file = { .class = EVMON_CLASS_HOST };
	int class = EVMON_CLASS_OTHER;

	if (pending->exe_ino)
		tables_file(kernel, pending->exe_dev, pending->exe_ino, &file);
	if (!realpath(modules_dir, dir))
		log_debug("modules_dir '%s': %s", modules_dir, strerror(errno));
	if (dir[0] && modules_script(pending->args, dir, name)) {
		class = modules_class(modules, name);
		/* Unknown, it leaves the module without an id. */
		if (process_env(pending->task.tgid, "EV_MODULE", id, sizeof(id)) < 0)
			id[0] = '\0';
		text = id;
	} else if (file.class >= EVMON_CLASS_MODULE) {
		class = (int)file.class;
	} else if (name_of_file(dir, pending->exe, name)) {
		class = modules_class(modules, name);
	}
	known.task.class = class < 0 ? EVMON_CLASS_OTHER : (unsigned)class;
	return module_set(kernel, modules, &known, text, ret_module);
}

/* The arguments of a task that runs; empty: it has ended. */
static struct module_args args_of(uint32_t pid, char text[ARGS_MAX])
{
	ssize_t n = process_args(pid, text, ARGS_MAX);

	return (struct module_args){ text, n > 0 ? (size_t)n : 0 };
}

/* A child of the manager that runs a script is that module. */
static int script_seen(struct kernel *kernel, struct modules *modules, const char *modules_dir,
		       struct snapshot_task *task)
{
	struct naming_pending known = { .task = { .tgid = task->pid, .start_ns = task->start_ns },
					.exe = "" };
	struct tables_task parent = { .tgid = task->ppid };
	struct naming_module module;
	char text[ARGS_MAX];
	int err;

	if (tables_task_get(kernel, &parent) < 0 || parent.class != EVMON_CLASS_MANAGER)
		return 0;
	known.args = args_of(task->pid, text);
	err = naming_resolve(kernel, modules, modules_dir, &known, &module);
	if (err < 0 || module.class < EVMON_CLASS_MODULE)
		return err;
	task->class = module.class;
	task->slot = module.slot;
	task->own = true;
	return 0;
}

void naming_seen(struct kernel *kernel, struct modules *modules, const char *modules_dir,
		 struct snapshot_task *task)
{
	const struct tables_task known = { .tgid = task->pid,
					   .start_ns = task->start_ns,
					   .class = task->class };
	char text[ARGS_MAX];
	int err = 0;

	if (task->class == EVMON_CLASS_OTHER)
		err = script_seen(kernel, modules, modules_dir, task);
	else if (task->class >= EVMON_CLASS_MODULE && task->own)
		err = naming_task(kernel, modules, &known, args_of(task->pid, text), &task->slot);
	if (err < 0)
		log_debug("%u ended before it was named", task->pid);
}
