// SPDX-License-Identifier: Apache-2.0
/*
 * Which tree, and who its modules are. A developer's tree stands anywhere: modules_dir is the
 * policy's if it exists, else what --prefix in the manager's argv says, else where the manager
 * itself lies (<dir>/../libexec/everest/modules, the layout of EVerest's install). With none of
 * them nothing can be said about capabilities, and the header says so.
 */
#include "cmd/trace_tree.h"

#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/naming.h"
#include "cmd/policy_read.h"
#include "kernel/snapshot.h"
#include "process/process.h"

#define MODULES_BELOW_PREFIX "libexec/everest/modules"

/* As execvp(3) finds it. */
static int command_path(const char *name, char path[PATH_MAX])
{
	const char *dirs = getenv("PATH");
	char candidate[PATH_MAX];

	if (strchr(name, '/'))
		return realpath(name, path) ? 0 : -errno;
	for (const char *at = dirs ? dirs : "/usr/bin:/bin"; *at;) {
		size_t n = strcspn(at, ":");

		snprintf(candidate, sizeof(candidate), "%.*s/%s", (int)n, at, name);
		if (access(candidate, X_OK) == 0 && realpath(candidate, path))
			return 0;
		at += n + (at[n] == ':');
	}
	return -ENOENT;
}

static int prefix_of(char *const *argv, char *modules_dir)
{
	for (; argv && *argv; argv++) {
		const char *prefix = NULL;

		if (!strcmp(*argv, "--prefix"))
			prefix = argv[1];
		else if (!strncmp(*argv, "--prefix=", strlen("--prefix=")))
			prefix = *argv + strlen("--prefix=");
		if (!prefix)
			continue;
		snprintf(modules_dir, PATH_MAX, "%.3900s/" MODULES_BELOW_PREFIX, prefix);
		return access(modules_dir, F_OK) == 0 ? 0 : -ENOENT;
	}
	return -ENOENT;
}

static void modules_dir_find(struct trace_tree *tree, const char *manager, char *const *argv)
{
	char *dir = tree->policy->modules_dir;
	char exe[PATH_MAX], found[PATH_MAX];

	if (access(dir, F_OK) == 0 || prefix_of(argv, dir) == 0)
		return;
	snprintf(exe, sizeof(exe), "%s", manager);
	snprintf(found, sizeof(found), "%.3900s/../" MODULES_BELOW_PREFIX, dirname(exe));
	if (!realpath(found, dir))
		dir[0] = '\0';
}

/* argv as the kernel has it, NUL after each, into pointers; text[length] is made a NUL. */
static void argv_split(char *text, size_t length, char **argv, size_t max)
{
	size_t k = 0;

	text[length] = '\0';
	for (size_t at = 0; at < length && k + 1 < max; at += strlen(text + at) + 1)
		argv[k++] = text + at;
	argv[k] = NULL;
}

static int root_find(struct trace_tree *tree, const struct trace_options *options)
{
	char text[8192], link[64], *argv[128] = { NULL };
	ssize_t n;
	int err;

	if (options->command) {
		err = command_path(options->command[0], tree->root);
		if (err < 0)
			return log_err_errno(err, "%s", options->command[0]);
		modules_dir_find(tree, tree->root, options->command);
		return 0;
	}
	if (!options->pid) {
		modules_dir_find(tree, tree->policy->manager, NULL);
		return 0;
	}
	if (kill(options->pid, 0) < 0 && errno == ESRCH) {
		log_err("-p %d: no such process", (int)options->pid);
		return -ESRCH;
	}
	snprintf(link, sizeof(link), "/proc/%d/exe", (int)options->pid);
	n = readlink(link, tree->root, sizeof(tree->root) - 1);
	tree->root[n < 0 ? 0 : n] = '\0';
	n = process_args((uint32_t)options->pid, text, sizeof(text) - 1);
	argv_split(text, n < 0 ? 0 : (size_t)n, argv, ARRAY_SIZE(argv));
	modules_dir_find(tree, tree->root, argv);
	return 0;
}

static int on_task(const struct snapshot_task *task, void *userdata)
{
	struct trace_tree *tree = userdata;
	struct snapshot_task seen = *task;

	naming_seen(tree->kernel, tree->modules, tree->policy->modules_dir, &seen);
	return 0;
}

/* The kernel learns what the policy and modules_dir name; again once the latter is known. */
static int rules_write(struct trace_tree *tree)
{
	struct policy *policy = tree->policy;

	policy->capability_action = policy->modules_dir[0] ? tree->capability_action : ACTION_ALLOW;
	naming_files(tree->kernel, tree->modules, policy, NULL, NULL);
	return naming_policy(tree->kernel, tree->modules, policy);
}

static int kernel_start(struct trace_tree *tree, const struct trace_options *options)
{
	struct kernel_options kernel_options = { .tracing = true,
						 .tree_only = options->pid || options->command };
	char where[256];
	int err = kernel_new(&kernel_options, &tree->kernel, where, sizeof(where));

	if (err < 0) {
		log_err("%s", where);
		return err;
	}
	tree->capability_action = tree->policy->capability_action;
	err = rules_write(tree);
	if (err < 0)
		return log_err_errno(err, "cannot write the policy into the kernel");
	if (options->pid)
		tables_root(tree->kernel, options->pid);
	else if (!options->command && tables_unit(tree->kernel, tree->policy->unit) < 0)
		log_debug("%s has no cgroup", tree->policy->unit);
	err = kernel_attach(tree->kernel, tree->policy);
	if (err < 0)
		return log_err_errno(err, "cannot attach");
	if (options->command)
		return 0;
	err = snapshot_take(tree->kernel, on_task, tree);
	return err == -ENOTSUP ? 0 : err;
}

int trace_tree_open(struct trace_tree *tree, const struct trace_options *options)
{
	int err = policy_read(NULL, &tree->policy);

	if (err >= 0)
		err = root_find(tree, options);
	if (err >= 0)
		err = modules_new(&tree->modules);
	return err < 0 ? err : kernel_start(tree, options);
}

void trace_tree_close(struct trace_tree *tree)
{
	kernel_free(tree->kernel);
	modules_free(tree->modules);
	policy_free(tree->policy);
}

void trace_tree_describe(const struct trace_tree *tree, FILE *out)
{
	const struct coverage *coverage = kernel_coverage(tree->kernel);
	const char *dir = tree->policy->modules_dir;

	fprintf(out, "# tree of %s, modules in %s\n",
		tree->root[0] ? tree->root : tree->policy->manager,
		dir[0] ? dir : "no directory that was found: capabilities show as allow");
	for (unsigned i = COVERAGE_BIND; i < COVERAGE_USB; i++) {
		enum coverage_role role = (enum coverage_role)i;
		const struct coverage_row *row = &coverage->rows[role];
		bool refused = coverage_role_denies(role); /* its limits are about refusing */
		const char *limits = refused ? NULL : row->limits;

		fprintf(out, "# %s%s: %s%s%s\n", refused ? "refused " : "",
			refused ? sensor_name(coverage_role_sensor(role)) :
				  coverage_role_name(role),
			row->n_hooks ? hook_name(row->hooks[0]) : "no hook works here",
			limits ? "; " : "", limits ? limits : "");
	}
}

void trace_tree_pending(struct trace_tree *tree, const struct event *event)
{
	const struct event_process *p = &event->process;
	const struct naming_pending known = { .task = { .tgid = p->pid, .start_ns = p->start_ns },
					      .exe = p->exe,
					      .exe_ino = p->exe_ino,
					      .exe_dev = p->exe_dev,
					      .args = { p->args, p->args_length } };
	struct naming_module module;

	/* `other` may be a module that was quicker than the news of its manager. */
	if (!event->joined || !tree->policy->modules_dir[0] ||
	    (p->class != EVMON_CLASS_PENDING && p->class != EVMON_CLASS_OTHER))
		return;
	if (naming_resolve(tree->kernel, tree->modules, tree->policy->modules_dir, &known,
			   &module) < 0)
		log_debug("%u ended before it was named", p->pid);
}

int trace_tree_manager(struct trace_tree *tree, const struct event *event)
{
	char text[EVENT_ARGS_MAX + 1], *argv[128] = { NULL };
	int err;

	if (tree->policy->modules_dir[0] || event->sensor != EVMON_SENSOR_EXEC ||
	    event->process.class != EVMON_CLASS_MANAGER || event->process.exe[0] != '/')
		return 0;
	memcpy(text, event->process.args, event->process.args_length);
	argv_split(text, event->process.args_length, argv, ARRAY_SIZE(argv));
	modules_dir_find(tree, event->process.exe, argv);
	if (!tree->policy->modules_dir[0])
		return 0;
	err = rules_write(tree);
	return err < 0 ? err : 1;
}

int trace_tree_spawn(struct trace_tree *tree, char **command, pid_t *ret_pid)
{
	sigset_t none;
	pid_t pid;

	tables_spawner(tree->kernel, getpid(), EVMON_CLASS_MANAGER);
	pid = fork();
	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		tables_root(tree->kernel, getpid()); /* the settings are shared memory */
		execvp(command[0], command);
		_exit(errno == ENOENT ? 127 : 126);
	}
	tables_spawner(tree->kernel, 0, EVMON_CLASS_MANAGER);
	if (pid < 0)
		return log_err_errno(errno, "cannot start %s", command[0]);
	*ret_pid = pid;
	return 0;
}
