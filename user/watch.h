/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files that are followed by name, be they there or not: written, replaced, linked, removed. */
#include "base/loop.h"

struct watch;

/* What changed: the kinds of the files, as bits. An error ends the loop. */
typedef int (*watch_fn)(unsigned kinds, void *userdata);

int watch_new(struct loop *loop, watch_fn fn, void *userdata, struct watch **ret_watch);
void watch_free(struct watch *watch);
DEFINE_CLEANUP(struct watch *, watch_free);

/* Forgets all files; what is then named is followed from before the caller reads it. */
int watch_begin(struct watch *watch);
/* Follows a file, and where it is a link, what that leads to. What is not there yet is waited for,
 * its directories too. Best effort: a directory that cannot be followed is one that evmon has no
 * right to, or one too many. */
void watch_file(struct watch *watch, const char *path, unsigned kind);
/* The files of a directory that end in one of the suffixes. */
void watch_directory(struct watch *watch, const char *path, const char *const *suffixes,
		     unsigned kind);
