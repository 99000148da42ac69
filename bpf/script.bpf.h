/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * A module that is a script: its executable is node or python3, and which module it is says the
 * script's path alone, the canonical one, that the manager puts first after the options (EVerest
 * lib/everest/framework/src/manager.cpp, spawn_modules()). So a child of the manager is classed by
 * it, on that exec only; an interpreter that anybody else starts keeps its class. Paths are known
 * by their hash: nothing here is long enough to hold one.
 *
 * The instance goes by EV_MODULE in the environment, where other modules have it in argv[0].
 */
#include "evmon/script.h"

#include "task.bpf.h"

#define SCRIPT_CHUNKS  8 /* of a path */
#define SCRIPT_OPTIONS 3 /* arguments that may stand before it */
#define ENV_CHUNKS     512

/* Who starts with this text? Python's executable has its version in its name. */
static __always_inline bool name_begins(const char *name, const char *text, unsigned int length)
{
	for (unsigned int i = 0; i < length; i++)
		if (name[i] != text[i])
			return false;
	return true;
}

static __always_inline bool file_is_interpreter(struct file *file)
{
	char name[8] = {};

	if (!evmon_can_read_kernel) /* then the script's path decides alone */
		return true;
	bpf_probe_read_kernel(name, sizeof(name), file->f_path.dentry->d_name.name);
	return name_begins(name, "python3", 7) || name_begins(name, "node", 5);
}

/* A piece of a string: its bytes and one, for its own end or the piece's. Up to 6.12 an empty one
 * gives 0 (mm/maccess.c, strncpy_from_user_nofault()). */
static __always_inline long piece_read(char *text, __u32 size, __u64 at)
{
	long n = bpf_probe_read_user_str(text, size, (void *)at);

	return n ? n : 1;
}

struct argument {
	__u64 next; /* where the one after it begins; 0: it cannot be read */
	__u64 hash;
	__u32 option;
};

static __noinline int argument_read(__u64 at, struct argument *ret)
{
	__u64 hash = EVMON_HASH_BASIS;

	ret->next = 0;
	for (int c = 0; c < SCRIPT_CHUNKS; c++) {
		union evmon_chunk chunk = {};
		long n = piece_read(chunk.text, sizeof(chunk), at);

		if (n < 0)
			return 0;
		if (!c)
			ret->option = chunk.text[0] == '-';
		hash = evmon_hash_chunk(hash, &chunk);
		if (n < EVMON_CHUNK) {
			ret->next = at + n;
			ret->hash = hash;
			return 0;
		}
		at += EVMON_CHUNK - 1;
	}
	return 0;
}

/* The class of the script that the current task has been told to run. PENDING: user space finds
 * out, be it a module that is new, or none. */
static __noinline int script_class(struct mm_struct *mm)
{
	struct argument argument = {};
	__u16 *class;

	argument_read(mm->arg_start, &argument);
	for (int i = 0; i <= SCRIPT_OPTIONS && argument.next; i++) {
		argument_read(argument.next, &argument);
		if (!argument.option)
			break;
	}
	if (!argument.next || argument.option)
		return EVMON_CLASS_PENDING;
	class = bpf_map_lookup_elem(&evmon_scripts, &argument.hash);
	return class ? *class : EVMON_CLASS_PENDING;
}

/* EV_MODULE of the current task; false: it has none. */
static __noinline bool script_instance(struct mm_struct *mm, struct evmon_slot_key *key)
{
	__u64 at = mm->env_start, end = mm->env_end;
	bool begins = true;
	char chunk[EVMON_CHUNK];

	for (int i = 0; i < ENV_CHUNKS && at < end; i++) {
		long n = piece_read(chunk, sizeof(chunk), at);

		if (n < 0)
			return false;
		if (begins && name_begins(chunk, "EV_MODULE=", 10))
			return bpf_probe_read_user_str(key->name, sizeof(key->name),
						       (void *)(at + 10)) > 0;
		begins = n < EVMON_CHUNK;
		at += begins ? n : EVMON_CHUNK - 1;
	}
	return false;
}
