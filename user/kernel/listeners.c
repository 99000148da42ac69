// SPDX-License-Identifier: Apache-2.0
/*
 * The one reader of what iter/task_file writes. The iterator goes from task to task and through all
 * that each has open, so it sees the sockets of every network namespace and asks for no right over
 * their owners; a process that is in no other pid namespace than evmon's, or in one below it, is
 * seen. Nothing stands still meanwhile: what is opened or closed while it goes may be missing.
 */
#include "kernel/listeners.h"

#include <errno.h>
#include <string.h>

#include "base/path.h"
#include "kernel/internal.h"

_Static_assert(LISTENER_PATH_MAX > EVMON_PATH_BYTES + 1, "a slash may come in front");

static int owner_decode(const struct evmon_listener *from, struct listener_owner *owner)
{
	const struct evmon_record_process *p = &from->process;

	if (p->class >= EVMON_CLASSES || p->slot >= EVMON_SLOTS ||
	    p->subject >= EVMON_SUBJECT_MAX || from->exe_len > sizeof(from->exe))
		return -EBADMSG;
	owner->start_ns = p->start_ns;
	owner->cgroup_id = p->cgroup;
	owner->exe_ino = p->exe_ino;
	owner->exe_dev = p->exe_dev;
	owner->pid = p->tgid;
	owner->ppid = p->ppid;
	owner->uid = p->uid;
	owner->euid = p->euid;
	owner->gid = p->gid;
	owner->fd = from->fd;
	owner->class = p->class;
	owner->slot = p->slot;
	owner->subject = p->subject;
	memcpy(owner->comm, p->comm, sizeof(p->comm));
	owner->exe_truncated = from->exe_truncated;
	return path_of_components(from->exe, from->exe_len, from->exe_truncated, owner->exe);
}

static int listener_decode(const struct evmon_listener *from, struct listener *to)
{
	const struct evmon_record_bind *bind = &from->bind;

	if (bind->proto >= EVMON_PROTO_MAX || bind->family >= EVMON_FAMILY_MAX ||
	    bind->scope >= EVMON_SCOPE_MAX || bind->how >= EVMON_BIND_HOW_MAX ||
	    from->rule >= EVMON_RULES)
		return -EBADMSG;
	*to = (struct listener){
		.inode = from->inode,
		.object = { .port = bind->port,
			    .proto = bind->proto,
			    .family = bind->family,
			    .scope = bind->scope },
		.netns = bind->netns,
		.ifindex = bind->ifindex,
		.dual = bind->dual,
		.listening = from->listening,
		.rule = from->rule,
		.counted = from->counted,
		.asked_deny = from->asked_deny,
		.how = bind->how,
	};
	memcpy(to->address, bind->address, sizeof(to->address));
	return owner_decode(from, &to->owner);
}

/* Whole structs, though a read may end between two. */
static int read_all(int fd, listener_fn fn, void *userdata)
{
	struct evmon_listener seen;
	struct listener listener;
	size_t have = 0;

	for (;;) {
		ssize_t n = read(fd, (char *)&seen + have, sizeof(seen) - have);
		int err;

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		have += (size_t)n;
		if (have < sizeof(seen))
			continue;
		have = 0;
		err = listener_decode(&seen, &listener);
		if (err >= 0)
			err = fn(&listener, userdata);
		if (err < 0)
			return err;
	}
}

/* Linux 6.1 and later go to the holder at once; before that the program passes over all others. */
static struct bpf_link *link_new(const struct kernel *kernel, uint32_t holder)
{
	const struct bpf_program *program = kernel_program(kernel, EVMON_HOOK_ITER_TASK_FILE);
	union bpf_iter_link_info info = { .task = { .pid = holder } };
	LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &info,
		    .link_info_len = sizeof(info));
	struct bpf_link *link = NULL;

	if (holder)
		link = bpf_program__attach_iter(program, &options);
	return link ? link : bpf_program__attach_iter(program, NULL);
}

static int look(struct kernel *kernel, uint32_t holder, listener_fn fn, void *userdata)
{
	struct coverage_row *row = &kernel->coverage.rows[COVERAGE_LISTENERS];
	_cleanup_(closep) int fd = -1;
	struct bpf_link *link;
	int err;

	if (!row->n_hooks)
		return -ENOTSUP;
	link = link_new(kernel, holder);
	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	err = fd < 0 ? -errno : read_all(fd, fn, userdata);
	bpf_link__destroy(link);
	if (err == -ESRCH) /* the holder has ended */
		return err;
	row->state = err < 0 ? COVERAGE_BROKEN : COVERAGE_PROVEN;
	return err;
}

int listeners_take(struct kernel *kernel, listener_fn fn, void *userdata)
{
	return look(kernel, 0, fn, userdata);
}

static int judge(struct kernel *kernel, uint32_t what, uint32_t holder, listener_fn fn,
		 void *userdata)
{
	struct evmon_settings *settings = kernel->skeleton->settings;
	int err;

	settings->judge = what;
	settings->holder = holder;
	err = look(kernel, holder, fn, userdata);
	settings->judge = EVMON_JUDGE_NOTHING;
	settings->holder = 0;
	return err;
}

int listeners_judge(struct kernel *kernel, uint32_t holder, listener_fn fn, void *userdata)
{
	return judge(kernel, EVMON_JUDGE_HELD, holder, fn, userdata);
}

int listeners_judge_unasked(struct kernel *kernel, uint32_t holder, listener_fn fn, void *userdata)
{
	return judge(kernel, EVMON_JUDGE_LISTEN, holder, fn, userdata);
}
