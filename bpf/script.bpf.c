// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Strings of the current task's own memory, an argument and a variable of its environment, read a
 * piece at a time: no stack has room for a whole one. No program is here, so this file has no hook
 * table.
 */
#include "script.bpf.h"

#include "shell.bpf.h"

#define SCRIPT_CHUNKS  8   /* of a path */
#define SCRIPT_OPTIONS 3   /* arguments that may stand before it */
#define ENV_CHUNKS     512 /* 32 KB of environment, if strings are long */

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

int script_class(__u64 arguments)
{
	struct argument argument = {};
	__u16 *class;

	if (!evmon_can_read_user)
		return EVMON_CLASS_PENDING;
	argument_read(arguments, &argument);
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

/* Where the name begins at which busybox looks: behind a login shell's dash and the last slash.
 * Without a branch for each byte. */
static __always_inline __u32 name_start(const union evmon_chunk *chunk)
{
	__u32 start = (__u8)chunk->text[0] == '-';

	for (__u32 i = 0; i < EVMON_CHUNK; i++) {
		__u32 keep = (__u8)chunk->text[i] ^ '/';

		keep = 0 - ((keep + 0xff) >> 8); /* all ones, or none */
		start = (start & keep) | ((i + 1) & ~keep);
		asm volatile("" : "+r"(start));
	}
	return start & (EVMON_CHUNK - 1);
}

int applet_is_shell(__u64 arguments)
{
	__u64 at = arguments;

	for (int i = 0; i < 2; i++) { /* "sh", or "busybox" "sh" */
		union evmon_chunk chunk = {};
		union name_word name = {};
		long n = piece_read(chunk.text, sizeof(chunk), at);

		if (n < 0 || n >= EVMON_CHUNK ||
		    bpf_probe_read_user_str(name.text, sizeof(name),
					    (void *)(at + name_start(&chunk))) < 0)
			return 1;
		if (i || !word_is_applets(name.word))
			return word_is_shell(name.word);
		at += n;
	}
	return 0;
}

/* Without a branch for each byte: there are many strings, and the verifier follows each. */
static __always_inline bool is_ev_module(const union evmon_chunk *chunk)
{
	const union evmon_chunk name = { .text = "EV_MODULE=" };

	return !((chunk->word[0] ^ name.word[0]) | ((__u8)chunk->text[8] ^ 'E') |
		 ((__u8)chunk->text[9] ^ '='));
}

__u64 script_instance(__u64 environment, __u64 end)
{
	__u64 at = environment;
	bool begins = true;
	union evmon_chunk chunk;

	for (int i = 0; i < ENV_CHUNKS && at < end; i++) {
		long n = piece_read(chunk.text, sizeof(chunk), at);

		if (n < 0)
			return 0;
		if (begins && is_ev_module(&chunk))
			return at + 10;
		begins = n < EVMON_CHUNK;
		at += begins ? n : EVMON_CHUNK - 1;
	}
	return 0;
}
