// SPDX-License-Identifier: Apache-2.0
/*
 * One exec, as the record tells it and as its tally counts it. Both are made from the same task at
 * the same moment, so what one says of who it was the other says as well; who it was in truth is
 * known by its parent, the actor, which reports its own ids and namespaces.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/file.h"
#include "base/macros.h"
#include "kernel/tallies.h"

#include "told.h"

static void process_is(const struct world *w, const struct event *e, const struct told *told)
{
	const struct event_process *p = &e->process;
	char comm[sizeof(p->comm)];

	/* Of the thread group, whichever thread asked. */
	assert_int_equal(p->tid, p->pid);
	assert_int_equal(p->ppid, w->reports[0].tgid);
	assert_int_not_equal(p->start_ns, 0);
	assert_int_equal(p->subject, EVMON_SUBJECT_EVEREST);
	assert_int_equal(p->class, told->class);
	assert_int_equal(p->slot, e->key.slot);
	assert_int_equal(p->uid, told->uid);
	assert_int_equal(p->euid, told->euid);
	assert_false(p->exe_truncated || p->args_truncated);
	assert_string_equal(p->args, told->args);
	if (told->exe)
		assert_string_equal(p->exe, told->exe);
	if (!told->file)
		return; /* its comm is a matter of versions: a number up to 6.13 */
	snprintf(comm, sizeof(comm) - 1, "%s", strrchr(told->file, '/') + 1);
	assert_string_equal(p->comm, comm);
}

static void file_is(const struct world *w, const struct event *e, const struct told *told)
{
	const struct event_exec *exec = &e->exec;

	if (told->file)
		assert_string_equal(exec->file, told->file);
	else
		assert_memory_equal(exec->file, "/dev/fd/", strlen("/dev/fd/"));
	assert_string_equal(exec->interpreter, told->interpreter ? told->interpreter : "");
	if (told->st) {
		assert_int_equal(exec->ino, told->st->st_ino);
		assert_int_equal(exec->dev, file_kernel_dev(told->st->st_dev));
	}
	assert_int_equal(e->process.exe_ino, exec->ino);
	assert_int_equal(e->process.exe_dev, exec->dev);
	assert_int_equal(exec->deleted, told->deleted);
	assert_int_equal(exec->how, told->how);
	assert_int_equal(exec->uid, told->uid);
	assert_int_equal(exec->euid, told->euid);
	assert_int_equal(exec->gained, told->gained);
	assert_int_equal(exec->mntns, told->mntns ? told->mntns : w->reports[0].mntns);
}

static void tally_is(const struct world *w, const struct event *e, const struct told *told)
{
	const struct evmon_actor *a;
	struct evmon_tally tally;

	assert_int_equal(e->key.verdict, e->verdict);
	assert_int_equal(e->key.sensor, EVMON_SENSOR_EXEC);
	assert_int_equal(e->key.object.exec.ino, e->exec.ino);
	assert_int_equal(e->key.object.exec.dev, e->exec.dev);
	assert_int_equal(e->key.object.exec.how, told->how);
	assert_int_equal(tallies_read(w->kernel, &e->key, &tally), 0);
	a = &tally.actor;
	assert_int_equal(tally.count, MAX(told->count, 1ULL));
	assert_true(tally.first_ns && tally.first_ns <= tally.last_ns);
	assert_int_equal(a->seal, evmon_actor_seal(a));
	assert_int_equal(a->uid, told->uid);
	assert_int_equal(a->class, told->class);
	assert_int_equal(a->exe_ino, e->exec.ino);
	assert_int_equal(a->exe_dev, e->exec.dev);
	if (tally.count > 1)
		return; /* the last one, and the record is the first one's */
	assert_int_equal(tally.first_ns, tally.last_ns);
	assert_int_equal(a->tgid, e->process.pid);
	assert_int_equal(a->start_ns, e->process.start_ns);
	assert_string_equal(a->comm, e->process.comm);
}

void told_is(const struct world *world, const struct told *told)
{
	const struct event *e = world_event(world, told->rule, told->n);

	assert_non_null(e);
	assert_int_equal(e->sensor, EVMON_SENSOR_EXEC);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALERT);
	assert_int_equal(e->hook, EVMON_HOOK_TP_EXEC);
	assert_int_not_equal(e->time_ns, 0);
	assert_false(e->asked_deny || e->standing);
	assert_int_equal(e->joined, told->joined);
	process_is(world, e, told);
	file_is(world, e, told);
	tally_is(world, e, told);
}
