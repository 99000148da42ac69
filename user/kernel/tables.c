// SPDX-License-Identifier: Apache-2.0
/*
 * The one writer of what hooks read. A policy is written whole into a map of its own, frozen, and
 * swapped in by one store, so that no hook ever sees half of two. Executables are known
 * by device and inode, the numbers the kernel sees at exec; a path is only how they are found.
 */
#include "kernel/tables.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "kernel/bind_table.h"
#include "kernel/cgroup.h"
#include "kernel/exe_table.h"
#include "kernel/internal.h"
#include "kernel/path_table.h"
#include "kernel/pins.h"

struct classes {
	tables_class_fn fn;
	void *userdata;
};

static struct evmon_settings *settings(struct kernel *kernel)
{
	return kernel->skeleton->settings;
}

/* It stays in force until the first one of this daemon's. */
static int policy_take_over(struct kernel *kernel)
{
	_cleanup_(freep) struct evmon_policy *policy = calloc(1, sizeof(*policy));
	int err = pins_map_get(&kernel->pins, POLICY_PIN, &kernel->policy_fd);

	/* What was under way when it was killed is not. */
	settings(kernel)->spawner = settings(kernel)->snapshot = settings(kernel)->listing = 0;
	settings(kernel)->judge = settings(kernel)->holder = 0;
	if (err == -ENOENT) /* ended before it had one */
		return 0;
	if (err < 0 || !policy)
		return err < 0 ? err : -ENOMEM;
	if (bpf_map_lookup_elem(kernel->policy_fd, &(uint32_t){ 0 }, policy) < 0)
		return -errno;
	kernel->policy_serial = policy->serial;
	return 0;
}

int tables_open(struct kernel *kernel)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.evmon_free_slots);

	if (kernel->pins.adopted)
		return policy_take_over(kernel);
	for (uint32_t slot = EVMON_SLOT_MODULE; slot < EVMON_SLOTS; slot++)
		if (bpf_map_update_elem(fd, NULL, &slot, BPF_ANY) < 0)
			return -errno;
	return 0;
}

/* The slot of an instance by name; made from the queue of free ones. -ENOSPC: none is left. */
static int slot_make(struct kernel *kernel, unsigned class, const char *name, uint32_t *ret_slot)
{
	int ids = bpf_map__fd(kernel->skeleton->maps.evmon_slot_ids);
	int slots = bpf_map__fd(kernel->skeleton->maps.evmon_slots);
	int queue = bpf_map__fd(kernel->skeleton->maps.evmon_free_slots);
	struct evmon_slot slot = { .used = 1 };
	uint32_t number = 0;
	int err = 0;

	slot.key.class = (uint16_t) class;
	snprintf(slot.key.name, sizeof(slot.key.name), "%s", name);
	if (bpf_map_lookup_elem(ids, &slot.key, ret_slot) == 0)
		return 0;
	if (bpf_map_lookup_and_delete_elem(queue, NULL, &number) < 0)
		return errno == ENOENT ? -ENOSPC : -errno;
	if (bpf_map_update_elem(ids, &slot.key, &number, BPF_NOEXIST) < 0)
		err = -errno;
	else if (bpf_map_update_elem(slots, &number, &slot, BPF_ANY) < 0)
		return -errno;
	if (!err) {
		*ret_slot = number;
		return 0;
	}
	bpf_map_update_elem(queue, NULL, &number, BPF_ANY);
	/* An exec was quicker. */
	return err == -EEXIST && bpf_map_lookup_elem(ids, &slot.key, ret_slot) == 0 ? 0 : err;
}

/* An instance with a list of its own, by its slot; its class grants all instances at once only what
 * they have in common. */
static int instance_fill(struct kernel *kernel, struct evmon_policy *table, unsigned class,
			 const struct module_capabilities *module)
{
	int ids = bpf_map__fd(kernel->skeleton->maps.evmon_slot_ids);
	struct evmon_slot_key script = { .class = (uint16_t) class };
	char name[2 * POLICY_NAME_MAX + 1];
	uint32_t number = 0;
	int err;

	snprintf(name, sizeof(name), "%s:%s", module->id, module->name);
	err = slot_make(kernel, class, name, &number);
	if (err < 0)
		return err;
	table->instance[number] = module->mask | EVMON_INSTANCE_LISTED;
	table->class[class].common &= module->mask;
	/* A script goes by its id alone: another name for the slot, or for one that it has. */
	snprintf(script.name, sizeof(script.name), "%.59s", module->id);
	if (bpf_map_lookup_elem(ids, &script, &number) == 0)
		table->instance[number] = module->mask | EVMON_INSTANCE_LISTED;
	else if (bpf_map_update_elem(ids, &script, &number, BPF_NOEXIST) < 0)
		return -errno;
	return 0;
}

static int class_number(const struct classes *classes, const char *name)
{
	int class = classes->fn(name, classes->userdata);

	return class < EVMON_CLASSES ? class : -E2BIG;
}

/* The lists that hold for every instance of a name. */
static int names_fill(struct evmon_policy *table, const struct policy *policy,
		      const struct classes *classes)
{
	for (size_t i = 0; i < policy->n_modules; i++) {
		const struct module_capabilities *module = &policy->modules[i];
		int class = class_number(classes, module->name);

		if (class < 0)
			return class;
		if (module->id[0])
			continue;
		table->class[class].capabilities = module->mask;
		table->class[class].common = module->mask;
	}
	return 0;
}

/* Modules whose scripts are their work. */
static int shells_fill(struct evmon_policy *table, const struct policy *policy,
		       const struct classes *classes)
{
	for (char **name = policy->shell_allow; name && *name; name++) {
		int class = class_number(classes, *name);

		if (class < 0)
			return class;
		table->class[class].shell = 1;
	}
	return 0;
}

static int instances_fill(struct kernel *kernel, struct evmon_policy *table,
			  const struct policy *policy, const struct classes *classes)
{
	int err = 0;

	for (size_t i = 0; i < policy->n_modules && err >= 0; i++) {
		const struct module_capabilities *module = &policy->modules[i];
		int class = class_number(classes, module->name);

		if (class < 0)
			return class;
		if (module->id[0])
			err = instance_fill(kernel, table, (unsigned)class, module);
	}
	return err;
}

/* A map with the policy, which nobody can change any more. */
static int policy_freeze(const struct evmon_policy *table)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_RDONLY_PROG);
	uint32_t zero = 0;
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "evmon_policy", sizeof(zero), sizeof(*table), 1,
				&options);

	if (fd < 0)
		return -errno;
	if (bpf_map_update_elem(fd, &zero, table, BPF_ANY) < 0 || bpf_map_freeze(fd) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/*
 * The one in force becomes the one before, and then the new one is in force, each by one store.
 * The kernel waits in each for all programs that run (maybe_wait_bpf_programs() in
 * kernel/bpf/syscall.c, since 4.20; ours do not sleep, those that do would not be waited for): on
 * return nobody judges by the old policy but on_bound(), which asks it about what it has let
 * through. membarrier(MEMBARRIER_CMD_GLOBAL) looks like the same wait and is not: with one
 * processor online it returns at once, though a program may have been preempted there, and with
 * nohz_full it refuses.
 */
static int policy_swap(struct kernel *kernel, struct evmon_policy *table)
{
	const uint32_t active = EVMON_POLICY_ACTIVE, before = EVMON_POLICY_BEFORE;
	int map = bpf_map__fd(kernel->skeleton->maps.evmon_policies);
	_cleanup_(closep) int fd = -1;

	table->serial = (uint8_t)(kernel->policy_serial + 1);
	table->since_ns = clock_boot_ns();
	fd = policy_freeze(table);
	if (fd < 0)
		return fd;
	/* Whoever traces refuses nothing and asks no policy before: its tree does not wait. */
	if (kernel->policy_fd >= 0 && !kernel->options.tracing &&
	    bpf_map_update_elem(map, &before, &kernel->policy_fd, BPF_ANY) < 0)
		return -errno;
	if (bpf_map_update_elem(map, &active, &fd, BPF_ANY) < 0)
		return -errno;
	closep(&kernel->policy_fd);
	kernel->policy_fd = TAKE_FD(fd);
	kernel->policy_serial = table->serial;
	return pins_policy(kernel);
}

int tables_policy(struct kernel *kernel, const struct policy *policy, tables_class_fn class_of,
		  void *userdata)
{
	_cleanup_(freep) struct evmon_policy *table = calloc(1, sizeof(*table));
	const struct classes classes = { .fn = class_of, .userdata = userdata };
	int err;

	if (!table)
		return -ENOMEM;
	err = bind_table_fill(table, policy);
	if (err < 0)
		return err;
	err = names_fill(table, policy, &classes);
	if (err >= 0)
		err = shells_fill(table, policy, &classes);
	if (err >= 0) /* after all names: an instance narrows what its name has in common */
		err = instances_fill(kernel, table, policy, &classes);
	if (err < 0)
		return err;
	table->denied_ignored = policy->denied_ignored;
	table->window_ns = policy->window_ns;
	table->capability_action = (uint8_t)policy->capability_action;
	table->root_action = (uint8_t)policy->root_action;
	table->shell_action = (uint8_t)policy->shell_action;
	table->admin_panel_action = (uint8_t)policy->admin_panel_action;
	return policy_swap(kernel, table);
}

uint8_t tables_policy_serial(const struct kernel *kernel)
{
	return kernel->policy_serial;
}

int tables_script(struct kernel *kernel, const char *path, unsigned class)
{
	uint64_t hash = path_hash(path);
	uint16_t value = (uint16_t) class;

	if (kernel->n_scripts == ARRAY_SIZE(kernel->scripts))
		return -E2BIG;
	kernel->scripts[kernel->n_scripts++] = hash;
	return bpf_map_update_elem(bpf_map__fd(kernel->skeleton->maps.evmon_scripts), &hash, &value,
				   BPF_ANY) < 0 ?
		       -errno :
		       0;
}

static bool script_is_named(const struct kernel *kernel, uint64_t hash)
{
	for (size_t i = 0; i < kernel->n_scripts; i++)
		if (kernel->scripts[i] == hash)
			return true;
	return false;
}

void tables_files_begin(struct kernel *kernel)
{
	exe_table_begin(&kernel->exes);
	kernel->n_scripts = 0;
}

void tables_files_end(struct kernel *kernel)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.evmon_scripts);
	uint64_t gone[EVMON_SCRIPTS], hash;
	const uint64_t *from = NULL;
	size_t n = 0;

	exe_table_end(&kernel->exes);
	for (; n < ARRAY_SIZE(gone) && bpf_map_get_next_key(fd, from, &hash) == 0; from = &hash)
		if (!script_is_named(kernel, hash))
			gone[n++] = hash;
	while (n-- > 0)
		bpf_map_delete_elem(fd, &gone[n]);
}

int tables_exe(struct kernel *kernel, const char *path, unsigned class, bool root_allowed)
{
	return exe_table_set(&kernel->exes, path, class, root_allowed ? EVMON_EXE_ROOT_ALLOWED : 0);
}

void tables_starters(struct kernel *kernel)
{
	static const char *const starters[] = { "/proc/1/exe", "/usr/lib/systemd/systemd",
						"/usr/lib/systemd/systemd-executor",
						"/lib/systemd/systemd-executor" };

	for (size_t i = 0; i < ARRAY_SIZE(starters); i++)
		if (exe_table_set(&kernel->exes, starters[i], EVMON_CLASS_HOST, EVMON_EXE_STARTER) <
		    0)
			log_debug("no starter at %s", starters[i]);
}

int tables_modules_dir(struct kernel *kernel, const char *dir)
{
	struct stat st;

	if (stat(dir, &st) < 0) {
		settings(kernel)->modules_ino = 0;
		return -errno;
	}
	settings(kernel)->modules_dev = file_kernel_dev(st.st_dev);
	settings(kernel)->modules_ino = st.st_ino;
	return 0;
}

int tables_unit(struct kernel *kernel, const char *unit)
{
	struct evmon_settings *s = settings(kernel);
	char path[sizeof(s->unit_path)] = "";
	uint64_t id = 0;
	unsigned level = 0;
	int err;

	cgroup_unit_path(unit, path, sizeof(path));
	if (memcmp(s->unit_path, path, sizeof(path)) != 0)
		s->unit_cgroup = 0;
	memcpy(s->unit_path, path, sizeof(path));
	err = cgroup_id(kernel->cgroup_fd, path, &id, &level);
	if (err < 0)
		return err;
	s->unit_level = level;
	s->unit_cgroup = id;
	return 0;
}

bool tables_unit_has(const struct kernel *kernel, const char *cgroup)
{
	const char *unit = kernel->skeleton->settings->unit_path;
	size_t n = strnlen(unit, sizeof(kernel->skeleton->settings->unit_path));

	return n && !strncmp(cgroup, unit, n) && (!cgroup[n] || cgroup[n] == '/');
}

void tables_spawner(struct kernel *kernel, pid_t spawner, enum evmon_class class)
{
	settings(kernel)->spawn_class = class;
	__atomic_store_n(&settings(kernel)->spawner, (uint32_t)spawner, __ATOMIC_RELEASE);
}

void tables_root(struct kernel *kernel, pid_t pid)
{
	settings(kernel)->root = (uint32_t)pid;
}

int tables_slot(struct kernel *kernel, unsigned slot, unsigned *ret_class,
		char ret_name[TABLES_NAME_MAX])
{
	struct evmon_slot entry;
	uint32_t number = slot;

	if (bpf_map_lookup_elem(bpf_map__fd(kernel->skeleton->maps.evmon_slots), &number, &entry) <
	    0)
		return -errno;
	if (!entry.used)
		return -ENOENT;
	*ret_class = entry.key.class;
	snprintf(ret_name, TABLES_NAME_MAX, "%.*s", (int)sizeof(entry.key.name), entry.key.name);
	return 0;
}

void tables_file(const struct kernel *kernel, uint32_t dev, uint64_t ino,
		 struct tables_file *ret_file)
{
	struct evmon_exe_key key = { .ino = ino, .dev = dev };
	struct evmon_exe exe = { .class = EVMON_CLASS_HOST };

	if (!ino || bpf_map_lookup_elem(kernel->exes.map_fd, &key, &exe) < 0)
		exe = (struct evmon_exe){ .class = EVMON_CLASS_HOST };
	ret_file->class = exe.class;
	ret_file->root_allowed = exe.flags & EVMON_EXE_ROOT_ALLOWED;
	ret_file->is_starter = exe.flags & EVMON_EXE_STARTER;
}

/* ret_flags: by which it is written back. A module that a snapshot has only listed has none yet. */
static int task_entry(struct kernel *kernel, const struct tables_task *task,
		      struct evmon_task *ret_entry, uint64_t *ret_flags)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.evmon_tasks);
	int err = bpf_map_lookup_elem(fd, &task->tgid, ret_entry) < 0 ? -errno : 0;

	*ret_flags = BPF_EXIST;
	if (err == -ENOENT && kernel->listed && kernel->listed->tgid == task->tgid) {
		*ret_entry = kernel->listed->task;
		*ret_flags = BPF_NOEXIST;
	} else if (err < 0) {
		return err;
	}
	/* Without BTF an entry does not know. */
	if (!task->start_ns || !ret_entry->start_ns)
		return 0;
	return ret_entry->start_ns != task->start_ns ? -ESRCH : 0;
}

int tables_task_get(struct kernel *kernel, struct tables_task *task)
{
	struct evmon_task entry;
	uint64_t flags;
	int err = task_entry(kernel, task, &entry, &flags);

	if (err < 0)
		return err;
	task->start_ns = entry.start_ns;
	task->class = entry.class;
	task->slot = entry.slot;
	return 0;
}

int tables_task_class(struct kernel *kernel, const struct tables_task *task, const char *name,
		      unsigned *ret_slot, struct tables_withheld *ret_withheld)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.evmon_tasks);
	uint32_t slot = EVMON_CLASS_OTHER;
	struct evmon_task entry;
	uint64_t flags;
	int err = task_entry(kernel, task, &entry, &flags);

	if (err < 0)
		return err;
	if (task->class >= EVMON_CLASS_MODULE)
		err = slot_make(kernel, task->class, name, &slot);
	if (err < 0 && err != -ENOSPC) /* without a slot of its own it shares that of `other` */
		return err;
	if (ret_withheld)
		*ret_withheld = (struct tables_withheld){ entry.held, entry.used };
	entry.class = (uint16_t)task->class;
	entry.slot = (uint16_t)slot;
	entry.subject = EVMON_SUBJECT_EVEREST;
	if (!kernel->btf) /* what a hook has set meanwhile is lost: it may have threads */
		entry.flags |= EVMON_TASK_THREADED;
	if (bpf_map_update_elem(fd, &task->tgid, &entry, flags) < 0)
		return -errno;
	*ret_slot = slot;
	return 0;
}

int tables_task_place(struct kernel *kernel, uint32_t tgid, unsigned class)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.evmon_tasks);
	struct evmon_task entry = { .class = (uint16_t) class,
				    .slot = (uint16_t)MIN(class, (unsigned)EVMON_CLASS_OTHER),
				    .subject = class == EVMON_CLASS_BROKER ? EVMON_SUBJECT_BROKER :
									     EVMON_SUBJECT_EVEREST,
				    .flags = EVMON_TASK_THREADED };

	if (class == EVMON_CLASS_HOST)
		return bpf_map_delete_elem(fd, &tgid) < 0 ? -errno : 0;
	return bpf_map_update_elem(fd, &tgid, &entry, BPF_ANY) < 0 ? -errno : 0;
}

int tables_task_rights(struct kernel *kernel, uint32_t tgid, const uint64_t *held, bool is_root)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.evmon_tasks);
	uint8_t root = is_root ? EVMON_TASK_IS_ROOT : 0;
	struct evmon_task entry;

	if (bpf_map_lookup_elem(fd, &tgid, &entry) < 0)
		return -errno;
	if ((!held || *held == entry.held) && (entry.flags & EVMON_TASK_IS_ROOT) == root)
		return 0;
	if (held)
		entry.held = *held;
	entry.flags = (uint8_t)((entry.flags & ~EVMON_TASK_IS_ROOT) | root | EVMON_TASK_THREADED);
	return bpf_map_update_elem(fd, &tgid, &entry, BPF_EXIST) < 0 ? -errno : 0;
}

uint64_t tables_task_held(const struct kernel *kernel, uint32_t tgid, unsigned class)
{
	struct evmon_task entry;

	if (bpf_map_lookup_elem(bpf_map__fd(kernel->skeleton->maps.evmon_tasks), &tgid, &entry) < 0)
		return 0;
	return entry.class == class ? entry.held : 0;
}
