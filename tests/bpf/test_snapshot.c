// SPDX-License-Identifier: Apache-2.0
/* Who ran before the hooks did is found, whatever happens while it is looked for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "kernel/snapshot.h"
#include "kernel/tables.h"

#include "world.h"

enum {
	ROUNDS = 4, /* a sample; the full run has ten times as many */
	WIDTH_N = 40,
	SEEN_MAX = 64
};

#define WIDTH "40"
#define DEPTH "60"

/* What the snapshot says of each task of interest. */
struct seen {
	struct world *world;
	struct snapshot_task tasks[SEEN_MAX];
	size_t n;
	bool name; /* each own module is named "one:..." when it is seen */
};

static int on_task(const struct snapshot_task *task, void *userdata)
{
	struct seen *seen = userdata;
	struct tables_task named = { .tgid = task->pid,
				     .start_ns = task->start_ns,
				     .class = task->class };
	unsigned slot = 0;

	if (seen->n < SEEN_MAX)
		seen->tasks[seen->n++] = *task;
	if (!seen->name || !task->own)
		return 0;
	return tables_task_class(seen->world->kernel, &named, "one:Alpha", &slot, NULL);
}

static const struct snapshot_task *seen_task(const struct seen *seen, pid_t pid)
{
	for (size_t i = 0; i < seen->n; i++)
		if (seen->tasks[i].pid == (uint32_t)pid)
			return &seen->tasks[i];
	return NULL;
}

/* As if the hooks had only just been attached. */
static void forget_all(const struct world *w)
{
	int fd = bpf_map__fd(w->kernel->skeleton->maps.evmon_tasks);
	uint32_t tgid;

	while (bpf_map_get_next_key(fd, NULL, &tgid) == 0)
		bpf_map_delete_elem(fd, &tgid);
}

static void snapshot(struct world *w, struct seen *seen)
{
	int err = snapshot_take(w->kernel, on_task, seen);

	if (err == -ENOTSUP)
		skip();
	assert_int_equal(err, 0);
}

static void a_module_is_found_by_its_file_and_named(void **state)
{
	struct world w;
	struct seen seen = { .world = &w, .name = true };
	const struct snapshot_task *found;
	struct evmon_task child;
	pid_t pid;

	(void)state;
	world_open(&w, NULL);
	w.evicted = true;
	w.uid = WORLD_UID;
	world_start(&w, "modules/Alpha/Alpha",
		    (const char *const[]){ "one:Alpha", "fork", "exec", world_path(&w, "unknown"),
					   "sh", "wait", NULL });
	assert_non_null(world_hear(&w));
	pid = (pid_t)w.reports[0].tgid;
	forget_all(&w);
	snapshot(&w, &seen);
	found = seen_task(&seen, w.pid);
	assert_non_null(found);
	assert_int_equal(found->class, WORLD_ALPHA);
	assert_true(found->own);
	assert_int_equal(found->uid, WORLD_UID);
	assert_int_equal(found->euid, WORLD_UID);
	assert_int_equal(found->ppid, getpid());
	assert_int_equal(found->held, 0);
	assert_string_equal(found->comm, "Alpha");
	/* The child, which runs something else, is the same instance. */
	assert_false(seen_task(&seen, pid)->own);
	assert_true(world_task(&w, pid, &child));
	assert_int_equal(child.class, WORLD_ALPHA);
	assert_int_equal(child.slot, EVMON_SLOT_MODULE);
	world_go_on(&w);
	world_wait(&w);
	assert_false(world_task(&w, pid, &child));
	world_close(&w);
}

static void class_found(const char *file, unsigned class, unsigned child_class)
{
	struct world w;
	struct seen seen = { .world = &w };
	struct evmon_task task;

	world_open(&w, NULL);
	w.evicted = true;
	world_start(&w, file,
		    (const char *const[]){ "x", "fork", "exec", world_path(&w, "unknown"), "sh",
					   "wait", NULL });
	assert_non_null(world_hear(&w));
	forget_all(&w);
	snapshot(&w, &seen);
	assert_int_equal(world_task(&w, w.pid, &task), class != EVMON_CLASS_HOST);
	if (class != EVMON_CLASS_HOST)
		assert_int_equal(task.class, class);
	assert_int_equal(world_task(&w, (pid_t)w.reports[0].tgid, &task),
			 child_class != EVMON_CLASS_HOST);
	if (child_class != EVMON_CLASS_HOST)
		assert_int_equal(task.class, child_class);
	world_go_on(&w);
	world_wait(&w);
	world_close(&w);
}

static void children_are_classed_as_if_they_had_been_followed(void **state)
{
	(void)state;
	class_found("manager", EVMON_CLASS_MANAGER, EVMON_CLASS_OTHER);
	class_found("broker", EVMON_CLASS_BROKER, EVMON_CLASS_HOST);
	class_found("modules/Alpha/Alpha", WORLD_ALPHA, WORLD_ALPHA);
	class_found("stranger", EVMON_CLASS_HOST, EVMON_CLASS_HOST);
}

static void the_root_that_was_asked_for_is_a_manager(void **state)
{
	const struct world_options options = { .kernel = { .tracing = true, .tree_only = true } };
	struct world w;
	struct seen seen = { .world = &w };
	struct evmon_task task;

	(void)state;
	world_open(&w, &options);
	w.evicted = true;
	world_start(&w, "stranger", (const char *const[]){ "x", "fork", "wait", NULL });
	assert_non_null(world_hear(&w));
	tables_root(w.kernel, w.pid);
	snapshot(&w, &seen);
	assert_true(world_task(&w, w.pid, &task));
	assert_int_equal(task.class, EVMON_CLASS_MANAGER);
	/* It has executed nothing: it is what the root is. */
	assert_true(world_task(&w, (pid_t)w.reports[0].tgid, &task));
	assert_int_equal(task.class, EVMON_CLASS_MANAGER);
	assert_true(task.flags & EVMON_TASK_UNEXECED);
	world_go_on(&w);
	world_wait(&w);
	world_close(&w);
}

static void a_group_without_its_leader_is_found(void **state)
{
	struct world w;
	struct seen seen = { .world = &w };

	(void)state;
	world_open(&w, NULL);
	w.evicted = true;
	world_start(&w, "modules/Alpha/Alpha",
		    (const char *const[]){ "one:Alpha", "headless", "wait", NULL });
	assert_non_null(world_hear(&w));
	forget_all(&w);
	snapshot(&w, &seen);
	assert_non_null(seen_task(&seen, w.pid));
	world_go_on(&w);
	world_wait(&w);
	world_close(&w);
}

/* The gate opens while the snapshot is under way: at its first task, with all others to come. */
static int on_first_task(const struct snapshot_task *task, void *userdata)
{
	struct seen *seen = userdata;

	(void)task;
	if (!seen->n++)
		return shutdown(seen->world->control, SHUT_WR) < 0 ? -errno : 0;
	return 0;
}

static size_t storm_survive(struct world *w)
{
	struct seen seen = { .world = w };
	size_t missing = 0;

	world_start(w, "manager", (const char *const[]){ "manager", "storm", WIDTH, DEPTH, NULL });
	for (int i = 0; i < WIDTH_N; i++)
		assert_non_null(world_hear(w));
	forget_all(w);
	assert_int_equal(snapshot_take(w->kernel, on_first_task, &seen), 0);
	for (int i = 0; i < WIDTH_N; i++) {
		const struct actor_report *r = world_hear(w);
		struct evmon_task task;

		assert_non_null(r);
		if (!world_task(w, (pid_t)r->tgid, &task) || task.class != EVMON_CLASS_MANAGER ||
		    task.flags & EVMON_TASK_ORPHAN) {
			print_message("# %u has no entry, or a wrong one\n", r->tgid);
			missing++;
		}
		kill((pid_t)r->tgid, SIGKILL);
	}
	kill(w->pid, SIGKILL);
	close(TAKE_FD(w->control));
	return missing;
}

static void no_task_of_a_tree_that_forks_wildly_is_missed(void **state)
{
	struct world w;
	struct evmon_task task;
	size_t missing = 0;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_SNAPSHOT);
	w.evicted = true;
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < (getenv("EVMON_TEST_FULL") ? 10 * ROUNDS : ROUNDS); i++)
		missing += storm_survive(&w);
	while (waitpid(-1, NULL, 0) > 0 || errno != ECHILD)
		;
	signal(SIGCHLD, SIG_DFL);
	assert_int_equal(missing, 0);
	/* And nobody stays behind. */
	assert_int_equal(world_counts(&w).tasks_full, 0);
	assert_false(world_task(&w, w.pid, &task));
	world_close(&w);
}

/* As user space does it: a child of the manager that runs a script is Beta. */
static int on_seen(const struct snapshot_task *task, void *userdata)
{
	struct world *w = userdata;
	struct tables_task named = { .tgid = task->pid,
				     .start_ns = task->start_ns,
				     .class = WORLD_BETA };
	struct tables_task parent = { .tgid = task->ppid };
	unsigned slot = 0;

	if (task->class != EVMON_CLASS_OTHER || tables_task_get(w->kernel, &parent) < 0 ||
	    parent.class != EVMON_CLASS_MANAGER)
		return 0;
	return tables_task_class(w->kernel, &named, "b", &slot, NULL);
}

static void what_a_script_started_before_goes_with_it(void **state)
{
	struct evmon_task task;
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_SNAPSHOT);
	w.evicted = true;
	world_start(&w, "manager",
		    (const char *const[]){ "m", "fork", "exec", world_path(&w, "bin/python3"),
					   "python3", "/m/Beta/module.py", "fork", "fork", "wait",
					   NULL });
	assert_non_null(world_hear(&w));
	forget_all(&w);
	assert_int_equal(snapshot_take(w.kernel, on_seen, &w), 0);
	assert_true(world_task(&w, (pid_t)w.reports[0].tgid, &task));
	assert_int_equal(task.class, WORLD_BETA);
	world_go_on(&w);
	world_wait(&w);
	world_close(&w);
}

/* No hook sees it fork without its name; one that has ended by then is nobody. */
static int on_listed(const struct snapshot_task *task, void *userdata)
{
	struct tables_task named = { .tgid = task->pid,
				     .start_ns = task->start_ns,
				     .class = task->class };
	struct seen *seen = userdata;
	struct evmon_task entry;
	unsigned slot = 0;
	int err;

	if ((pid_t)task->pid != seen->world->pid)
		return 0;
	seen->n++;
	assert_false(world_task(seen->world, (pid_t)task->pid, &entry));
	if (!seen->name) {
		assert_int_equal(kill((pid_t)task->pid, SIGKILL), 0);
		assert_int_equal(waitpid((pid_t)task->pid, NULL, 0), task->pid);
	}
	err = tables_task_class(seen->world->kernel, &named, "one:Alpha", &slot, NULL);
	assert_true(world_task(seen->world, (pid_t)task->pid, &entry));
	assert_int_equal(entry.slot, slot);
	assert_true(slot >= EVMON_SLOT_MODULE);
	return err;
}

static void module_listed(bool lives)
{
	struct world w;
	struct seen seen = { .world = &w, .name = lives };
	struct evmon_task task;

	world_open(&w, NULL);
	world_needs(&w, COVERAGE_SNAPSHOT);
	w.evicted = true;
	world_start(&w, "modules/Alpha/Alpha", (const char *const[]){ "one:Alpha", "wait", NULL });
	assert_non_null(world_hear(&w));
	forget_all(&w);
	assert_int_equal(snapshot_take(w.kernel, on_listed, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(world_task(&w, w.pid, &task), lives);
	if (lives) {
		world_go_on(&w);
		world_wait(&w);
	} else {
		close(TAKE_FD(w.control));
	}
	world_close(&w);
}

static void a_module_has_its_name_before_it_has_an_entry(void **state)
{
	(void)state;
	module_listed(true);
}

static void a_module_that_ends_while_it_is_named_leaves_no_entry(void **state)
{
	(void)state;
	module_listed(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_module_is_found_by_its_file_and_named),
		cmocka_unit_test(children_are_classed_as_if_they_had_been_followed),
		cmocka_unit_test(the_root_that_was_asked_for_is_a_manager),
		cmocka_unit_test(what_a_script_started_before_goes_with_it),
		cmocka_unit_test(a_group_without_its_leader_is_found),
		cmocka_unit_test(a_module_has_its_name_before_it_has_an_entry),
		cmocka_unit_test(a_module_that_ends_while_it_is_named_leaves_no_entry),
		cmocka_unit_test(no_task_of_a_tree_that_forks_wildly_is_missed),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
