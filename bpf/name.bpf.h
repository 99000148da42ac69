/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* Short names as words: the verifier follows one comparison, and not one for each byte. */
#include "maps.bpf.h"

/* The first seven bytes of a name, and zeros. */
union name_word {
	char text[8];
	__u64 word;
};

/* The first fifteen. */
union name {
	char text[16];
	__u64 word[2];
};

#define WORD(text_) (((const union name_word){ .text = (text_) }).word)

static __always_inline bool name_is(const union name *name, const union name wanted)
{
	return !((name->word[0] ^ wanted.word[0]) | (name->word[1] ^ wanted.word[1]));
}

#define NAME_IS(of, text_) name_is((of), (const union name){ .text = (text_) })

/* Only where kernel memory may be read. */
static __always_inline void name_of_file(union name *name, const struct file *file)
{
	bpf_probe_read_kernel_str(name->text, sizeof(*name), file->f_path.dentry->d_name.name);
}
