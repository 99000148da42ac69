/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * What is a shell: a file that user space names as one, by its inode (the usual places, and
 * /etc/shells), or whose own name is a shell's: a copy, one in a container. busybox and toybox are
 * many programs in one file, and go by argv[0] as they do themselves: "ls" of busybox is no shell,
 * whatever else its inode is called. A copy under another name is not known: it is a program of its
 * owner's like any other.
 */
#include "name.bpf.h"

/* "busybox.nosuid", too. */
static __always_inline bool word_is_applets(__u64 word)
{
	return word == WORD("busybox") || word == WORD("toybox");
}

static __always_inline bool word_is_shell(__u64 word)
{
	return word == WORD("sh") || word == WORD("ash") || word == WORD("bash") ||
	       word == WORD("dash") || word == WORD("hush") || word == WORD("lash") ||
	       word == WORD("msh") || word == WORD("rbash") || word == WORD("zsh") ||
	       word == WORD("ksh") || word == WORD("ksh93") || word == WORD("mksh") ||
	       word == WORD("csh") || word == WORD("tcsh") || word == WORD("fish") ||
	       word == WORD("yash");
}

static __always_inline bool name_is_applets(const union name *name)
{
	return word_is_applets(name->word[0] & ~0ULL >> 8);
}

static __always_inline bool name_is_shell(const union name *name)
{
	return !name->word[1] && word_is_shell(name->word[0]);
}
