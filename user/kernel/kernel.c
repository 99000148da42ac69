// SPDX-License-Identifier: Apache-2.0
/*
 * Opening the kernel's door: each role takes the first candidate that its trial finds working, all
 * other programs stay switched off, and the object is loaded once. If the real program is refused
 * where its trial was not, the role moves on to its next candidate and the load is repeated; so a
 * load fails for good only when a map does. Attaching is apart, for policy and tables come first.
 */
#include "kernel/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <bpf/btf.h>

#include "base/file.h"
#include "base/log.h"
#include "kernel/cgroup.h"
#include "kernel/denial.h"
#include "kernel/exe_table.h"
#include "kernel/internal.h"
#include "kernel/kmod.h"
#include "kernel/pins.h"
#include "kernel/ring.h"
#include "kernel/tables.h"
#include "kernel/trial.h"

static const char limits_unit[] = "not taken in: who starts in a cgroup beneath the unit's";
static const char limits_locked[] =
	"lockdown=confidentiality: paths, arguments and instances come late, out of /proc";

enum {
	LOG_BYTES = 16 * 1024,
	TRACE_RING_BYTES = 2 * 1024 * 1024,
	SMALL_RING_BYTES = 64 * 1024,
	EXEC_RING_BYTES = 256 * 1024 /* without BTF: each exec of the tree */
};

static __attribute__((format(printf, 2, 0))) int libbpf_say(enum libbpf_print_level level,
							    const char *format, va_list args)
{
	char text[512];

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	log_debug("%s", text);
	return 0;
}

struct bpf_program *kernel_program(const struct kernel *kernel, enum evmon_hook hook)
{
	return bpf_object__find_program_by_name(kernel->skeleton->obj, hook_get(hook)->program);
}

/* Candidates from `from` on, the first that works; the row tells the story of the others. */
static void role_choose(struct kernel *kernel, const struct trial *trial, enum coverage_role role,
			size_t from)
{
	struct coverage_row *row = &kernel->coverage.rows[role];
	const enum evmon_hook(*list)[COVERAGE_HOOKS];
	size_t n = hook_candidates(role, kernel->options.tracing, &list);
	const struct hook *hook;

	row->n_hooks = 0;
	row->limits = NULL;
	row->state = COVERAGE_NONE;
	for (size_t i = from; i < n && !row->n_hooks; i++) {
		char reason[COVERAGE_REASON_MAX];
		size_t works = 0;

		hook = hook_get(list[i][0]);
		/* What user space does, and what serves without BTF, serves nobody else. */
		if (kernel->btf && (!hook || hook->nobtf))
			continue;
		for (; works < COVERAGE_HOOKS && list[i][works]; works++)
			if (trial_hook(trial, list[i][works], reason, sizeof(reason)) < 0)
				break;
		if (works < COVERAGE_HOOKS && list[i][works]) {
			coverage_reject(row, list[i][works], reason);
			continue;
		}
		memcpy(row->hooks, list[i], sizeof(row->hooks));
		row->n_hooks = works;
		row->state = COVERAGE_READY;
		row->limits = hook_limits(hook, role);
		if (!kernel->btf && hook && hook->limits_nobtf)
			row->limits = hook->limits_nobtf;
	}
}

/* Whoever makes the inventory wants no hook; whoever traces has no use for it. */
static bool role_is_wanted(const struct kernel *kernel, enum coverage_role role)
{
	if (kernel->options.inventory)
		return role == COVERAGE_SNAPSHOT || role == COVERAGE_LISTENERS;
	if (role == COVERAGE_BIND_SCTP || role == COVERAGE_USB_TALLY)
		return false; /* kmod.c's */
	return role != COVERAGE_LISTENERS || !kernel->options.tracing;
}

static bool works_at_all(const struct kernel *kernel)
{
	const struct coverage_row *rows = kernel->coverage.rows;

	if (kernel->options.inventory)
		return rows[COVERAGE_LISTENERS].n_hooks;
	return rows[COVERAGE_EXEC].n_hooks || rows[COVERAGE_BIND].n_hooks;
}

static int choose(struct kernel *kernel, char *where, size_t size)
{
	struct trial trial = { .cgroup_fd = kernel->cgroup_fd };
	struct coverage_row *rows = kernel->coverage.rows;
	const struct coverage_tried *tried;
	char missing[64];
	bool lacks;

	trial.btf = btf__load_vmlinux_btf();
	kernel->btf = trial.btf;
	for (unsigned role = COVERAGE_TREE; role < COVERAGE_USB; role++)
		if (role_is_wanted(kernel, (enum coverage_role)role))
			role_choose(kernel, &trial, role, 0);
	btf__free(trial.btf);
	if (works_at_all(kernel))
		return 0;
	tried = &rows[kernel->options.inventory ? COVERAGE_LISTENERS : COVERAGE_EXEC].tried[0];
	snprintf(where, size, "no BPF hook works here: %s: %s", hook_name(tried->hook),
		 tried->reason);
	lacks = trial_missing_rights(hook_get(tried->hook), missing, sizeof(missing));
	return lacks ? -EPERM : -ENOTSUP;
}

static void programs_switch(struct kernel *kernel, char *logs)
{
	struct bpf_program *program;
	size_t n = 0;

	bpf_object__for_each_program(program, kernel->skeleton->obj) {
		bpf_program__set_autoload(program, false);
	}
	for (unsigned role = 0; role < COVERAGE_ROLE_MAX; role++) {
		const struct coverage_row *row = &kernel->coverage.rows[role];

		for (size_t i = 0; i < row->n_hooks; i++, n++) {
			char *log = logs + n * LOG_BYTES;

			log[0] = '\0';
			if (!hook_get(row->hooks[i])) /* user space does it */
				continue;
			if (hook_get(row->hooks[i])->role != role) /* that role switches it */
				continue;
			/* At work already; what denies may be detached and wanted again. */
			if (!coverage_role_denies((enum coverage_role)role) &&
			    pins_has_link(kernel, row->hooks[i]))
				continue;
			program = kernel_program(kernel, row->hooks[i]);
			bpf_program__set_autoload(program, true);
			bpf_program__set_log_buf(program, log, LOG_BYTES);
		}
	}
}

static void options_set(struct kernel *kernel)
{
	struct skeleton *s = kernel->skeleton;
	struct skeleton_constants constants = { .tracing = kernel->options.tracing,
						.tree_only = kernel->options.tree_only,
						.can_read_kernel = true };
	const struct coverage_row *credentials = &kernel->coverage.rows[COVERAGE_CREDENTIALS];
	char lockdown[128];

	/* kernel/lockdown: "none integrity [confidentiality]" */
	if (file_read_into(AT_FDCWD, "/sys/kernel/security/lockdown", lockdown, sizeof(lockdown)) >
	    0)
		constants.can_read_kernel = !strstr(lockdown, "[confidentiality]");
	constants.late_creds = credentials->n_hooks && credentials->hooks[0] == EVMON_HOOK_TP_CREDS;
	skeleton_constants(s, &constants);
	bpf_map__set_max_entries(s->maps.evmon_bulk, kernel->options.tracing ? TRACE_RING_BYTES :
						     kernel->btf	     ? SMALL_RING_BYTES :
									       EXEC_RING_BYTES);
	if (kernel->options.tracing)
		bpf_map__set_max_entries(s->maps.evmon_alerts, SMALL_RING_BYTES);
}

static bool function_takes_pointer(const struct btf *btf, const struct btf_type *function)
{
	const struct btf_type *proto = btf__type_by_id(btf, function->type);

	for (unsigned i = 0; i < btf_vlen(proto); i++)
		if (btf_is_ptr(btf__type_by_id(btf, btf_params(proto)[i].type)))
			return true;
	return false;
}

/*
 * A global function is verified once, a static one at each call, and nothing but a word in the BTF
 * tells them apart: what libbpf does to hidden functions, too. So those that a kernel does not take
 * as global become static, and the programs stay the same. Goes with 5.10.
 */
static void functions_make_static(struct bpf_object *object)
{
	struct btf *btf = bpf_object__btf(object);

	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		/* The object is ours, libbpf only has no call that would give it to be changed. */
		union {
			const struct btf_type *found;
			struct btf_type *ours;
		} type = { .found = btf__type_by_id(btf, id) };

		if (btf_is_func(type.found) && btf_vlen(type.found) == BTF_FUNC_GLOBAL &&
		    function_takes_pointer(btf, type.found))
			type.ours->info = (__u32)BTF_KIND_FUNC << 24 | BTF_FUNC_STATIC;
	}
}

/* The role whose program was refused: the one that the verifier wrote about. -1: none. */
static int role_refused(struct kernel *kernel, const char *logs)
{
	size_t n = 0;

	for (unsigned role = 0; role < COVERAGE_ROLE_MAX; role++) {
		struct coverage_row *row = &kernel->coverage.rows[role];

		for (size_t i = 0; i < row->n_hooks; i++, n++) {
			const char *log = logs + n * LOG_BYTES;

			if (!log[0])
				continue;
			log_debug("%s: %s", hook_name(row->hooks[i]), log);
			coverage_reject(
				row, row->hooks[i],
				kernel->skeleton->can_read_kernel ?
					"the verifier refuses evmon's program" :
					"it copies kernel memory, which lockdown=confidentiality forbids");
			return (int)role;
		}
	}
	return -1;
}

static void role_next(struct kernel *kernel, enum coverage_role role)
{
	struct trial trial = { .btf = btf__load_vmlinux_btf(), .cgroup_fd = kernel->cgroup_fd };
	enum evmon_hook refused = kernel->coverage.rows[role].hooks[0];
	const enum evmon_hook(*list)[COVERAGE_HOOKS];
	size_t n = hook_candidates(role, kernel->options.tracing, &list);
	size_t i = 0;

	while (i < n && list[i][0] != refused)
		i++;
	role_choose(kernel, &trial, role, i + 1);
	btf__free(trial.btf);
}

/* The object, not loaded yet. -EAGAIN: once more, what was pinned is of no use. */
static int object_open(struct kernel *kernel, char *where, size_t size)
{
	int err = skeleton_open(kernel->btf, &kernel->skeleton);

	if (err < 0)
		return err;
	options_set(kernel);
	if (!trial_pointer_arguments())
		functions_make_static(kernel->skeleton->obj);
	err = pins_adopt(kernel);
	if (err < 0)
		skeleton_free(TAKE_PTR(kernel->skeleton));
	if (err < 0 && err != -EAGAIN)
		snprintf(where, size, "%s: cannot be used: %s", KERNEL_PINS_DIR, strerror(-err));
	return err;
}

static int load(struct kernel *kernel, char *where, size_t size)
{
	_cleanup_(freep) char *logs = calloc(EVMON_HOOK_MAX, LOG_BYTES);

	if (!logs)
		return -ENOMEM;
	for (unsigned tries = 0; tries < EVMON_HOOK_MAX; tries++) {
		int err = object_open(kernel, where, size), role;

		if (err == -EAGAIN)
			continue;
		if (err < 0)
			return err;
		programs_switch(kernel, logs);
		err = skeleton_load(kernel->skeleton);
		if (!err)
			return 0;
		role = role_refused(kernel, logs);
		skeleton_free(TAKE_PTR(kernel->skeleton));
		if (role < 0) {
			snprintf(where, size, "cannot load the BPF object: %s", strerror(-err));
			return err;
		}
		role_next(kernel, (enum coverage_role)role);
	}
	snprintf(where, size, "no BPF program loads here");
	return -ENOTSUP;
}

static void describe(struct coverage *coverage)
{
	struct utsname names;

	if (uname(&names) == 0) {
		snprintf(coverage->release, sizeof(coverage->release), "%s", names.release);
		snprintf(coverage->machine, sizeof(coverage->machine), "%s", names.machine);
	}
	if (file_read_into(AT_FDCWD, "/sys/kernel/security/lsm", coverage->lsm,
			   sizeof(coverage->lsm)) < 0)
		coverage->lsm[0] = '\0';
}

/* Where nothing can be pinned evmon works as long as it lives, and says so. */
static int pin(struct kernel *kernel, char *where, size_t size)
{
	int err = kernel->options.pinned ? pins_open(&kernel->pins) : 0;

	if (err == -EBUSY) {
		snprintf(where, size, "%s: another evmon watches here; stop it first",
			 KERNEL_PINS_DIR);
		return err;
	}
	if (err < 0) {
		snprintf(kernel->pins.error, sizeof(kernel->pins.error),
			 "%s: %s: nothing is pinned, so what happens while evmon is away will not "
			 "be known",
			 KERNEL_PINS_DIR,
			 err == -ENOTSUP ? "not in a BPF file system" : strerror(-err));
		log_warning("%s", kernel->pins.error);
	}
	return 0;
}

int kernel_new(const struct kernel_options *options, struct kernel **ret_kernel, char *where,
	       size_t where_size)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	_cleanup_(kernel_freep) struct kernel *kernel = calloc(1, sizeof(*kernel));
	int err;

	snprintf(where, where_size, "out of memory");
	if (!kernel)
		return -ENOMEM;
	kernel->options = *options;
	kernel->cgroup_fd = -1;
	kernel->policy_fd = kernel->rings_fd = kernel->pins.lock_fd = -1;
	memset(kernel->kept.fds, -1, sizeof(kernel->kept.fds));
	memset(kernel->programs, -1, sizeof(kernel->programs));
	libbpf_set_print(libbpf_say);
	/* Up to 5.10 maps count against RLIMIT_MEMLOCK; later a refusal is nothing. */
	if (setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0)
		log_debug("RLIMIT_MEMLOCK stays as it is: %s", strerror(errno));
	if (cgroup_root_open(&kernel->cgroup_fd) < 0)
		log_debug("no unified cgroup hierarchy");
	describe(&kernel->coverage);
	err = pin(kernel, where, where_size);
	if (err < 0)
		return err;
	err = choose(kernel, where, where_size);
	if (err < 0)
		return err;
	err = load(kernel, where, where_size);
	if (err < 0)
		return err;
	if (!kernel->skeleton->can_read_kernel && kernel->coverage.rows[COVERAGE_EXEC].n_hooks)
		kernel->coverage.rows[COVERAGE_EXEC].limits = limits_locked;
	if (!kernel->skeleton->knows_ancestors && kernel->coverage.rows[COVERAGE_UNIT].n_hooks)
		kernel->coverage.rows[COVERAGE_UNIT].limits = limits_unit;
	kernel->exes.map_fd = bpf_map__fd(kernel->skeleton->maps.evmon_exes);
	kernel->exes.paths_fd = -1;
	if (kernel->skeleton->maps.evmon_paths)
		kernel->exes.paths_fd = bpf_map__fd(kernel->skeleton->maps.evmon_paths);
	err = kept_open(kernel);
	if (!err)
		err = pins_maps(kernel);
	if (err < 0) {
		snprintf(where, where_size, "%s: cannot pin the BPF maps: %s", KERNEL_PINS_DIR,
			 strerror(-err));
		return err;
	}
	err = tables_open(kernel);
	if (err < 0) {
		snprintf(where, where_size, "cannot fill the BPF maps: %s", strerror(-err));
		return err;
	}
	err = ring_open(kernel);
	if (err < 0) {
		snprintf(where, where_size, "cannot map the ring buffers: %s", strerror(-err));
		return err;
	}
	*ret_kernel = TAKE_PTR(kernel);
	return 0;
}

void kernel_free(struct kernel *kernel)
{
	if (!kernel)
		return;
	for (unsigned i = 0; i < EVMON_HOOK_MAX; i++) {
		/* libbpf would switch off the event of a kprobe whose link stays. */
		if (kernel->pins.links[i])
			bpf_link__disconnect(kernel->links[i]);
		bpf_link__destroy(kernel->links[i]);
		closep(&kernel->programs[i]);
	}
	pins_close(&kernel->pins);
	kept_close(&kernel->kept);
	ring_close(kernel);
	exe_table_fini(&kernel->exes);
	for (unsigned kmod = 0; kmod < KMOD_MAX; kmod++)
		skeleton_free(kernel->kmods[kmod]);
	skeleton_free(kernel->skeleton);
	closep(&kernel->policy_fd);
	closep(&kernel->cgroup_fd);
	free(kernel);
}

bool kernel_tampered(const struct kernel *kernel, char ret_why[KERNEL_REASON_MAX])
{
	snprintf(ret_why, KERNEL_REASON_MAX, "%s", kernel->pins.why);
	return ret_why[0];
}

struct coverage *kernel_coverage(struct kernel *kernel)
{
	return &kernel->coverage;
}

static int hook_attach(struct kernel *kernel, enum evmon_hook id)
{
	struct bpf_program *program = kernel_program(kernel, id);
	struct bpf_link *link;
	int err;

	if (kernel->links[id]) /* it is another role's, too */
		return 0;
	err = pins_link(kernel, id);
	if (err != -ENOENT)
		return err;
	if (hook_get(id)->target)
		link = bpf_program__attach(program);
	else
		link = bpf_program__attach_cgroup(program, kernel->cgroup_fd);
	if (!link)
		return -errno;
	kernel->links[id] = link;
	pins_keep(kernel, id, program);
	return 0;
}

void kernel_role_attach(struct kernel *kernel, enum coverage_role role)
{
	struct coverage_row *row = &kernel->coverage.rows[role];

	for (size_t i = 0; i < row->n_hooks; i++) {
		char reason[COVERAGE_REASON_MAX];
		int err = hook_attach(kernel, row->hooks[i]);

		if (!err)
			continue;
		snprintf(reason, sizeof(reason), "attach: %s", strerror(-err));
		coverage_reject(row, row->hooks[i], reason);
		row->state = COVERAGE_BROKEN;
		return;
	}
	if (row->n_hooks)
		row->state = COVERAGE_UNPROVEN;
}

int kernel_attach(struct kernel *kernel, const struct policy *policy)
{
	__u32 next;

	for (unsigned role = 0; role < COVERAGE_USB; role++) {
		if (coverage_role_denies((enum coverage_role)role) && !kernel->options.tracing &&
		    !denial_wanted((enum coverage_role)role, policy))
			continue;
		/* Iterators are programs that are read, see snapshot.c and listeners.c. */
		if (role != COVERAGE_SNAPSHOT && role != COVERAGE_LISTENERS)
			kernel_role_attach(kernel, (enum coverage_role)role);
	}
	for (unsigned kmod = 0; kmod < KMOD_MAX; kmod++)
		(void)kernel_kmod_attach(kernel, (enum kmod)kmod);
	pins_prune(kernel);
	/* A check over the initial user namespace: its address is learned of it. */
	if (!kernel->btf)
		(void)bpf_prog_get_next_id(0, &next);
	return coverage_blind(&kernel->coverage) ? -ENOTSUP : 0;
}
