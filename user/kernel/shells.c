// SPDX-License-Identifier: Apache-2.0
/*
 * Which files are shells: those of the usual names in the usual places, and what /etc/shells lists,
 * told to the kernel side by their inodes, so that no link nor bind mount hides one. busybox and
 * toybox are named apart: all their applets are one inode, most of them no shell, and the kernel
 * side asks argv[0] as they do. What is no shell but a login program (nologin, false) is none.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/macros.h"
#include "kernel/exe_table.h"
#include "kernel/internal.h"
#include "kernel/tables.h"

#define ETC_SHELLS "/etc/shells"

enum {
	LISTED_MAX = 64 /* lines of /etc/shells that are looked at */
};

static const char *const dirs[] = { "/bin", "/usr/bin", "/usr/local/bin" };

static const struct {
	const char *name;
	uint16_t flags;
} names[] = {
	{ "sh", EVMON_EXE_SHELL },
	{ "ash", EVMON_EXE_SHELL },
	{ "bash", EVMON_EXE_SHELL },
	{ "dash", EVMON_EXE_SHELL },
	{ "hush", EVMON_EXE_SHELL },
	{ "zsh", EVMON_EXE_SHELL },
	{ "ksh", EVMON_EXE_SHELL },
	{ "mksh", EVMON_EXE_SHELL },
	{ "csh", EVMON_EXE_SHELL },
	{ "tcsh", EVMON_EXE_SHELL },
	{ "fish", EVMON_EXE_SHELL },
	{ "yash", EVMON_EXE_SHELL },
	{ "busybox", EVMON_EXE_APPLETS },
	{ "busybox.nosuid", EVMON_EXE_APPLETS },
	{ "busybox.suid", EVMON_EXE_APPLETS },
	{ "toybox", EVMON_EXE_APPLETS },
};

static void name_set(struct kernel *kernel, const char *path, uint16_t flags)
{
	if (exe_table_set(&kernel->exes, path, EVMON_CLASS_HOST, flags) < 0)
		log_debug("no shell at %s", path);
}

static bool is_login_program(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !strcmp(slash + 1, "nologin") || !strcmp(slash + 1, "false") ||
	       !strcmp(slash + 1, "true");
}

/* One path a line; comments and whatever is no path are passed over. */
static void listed_set(struct kernel *kernel)
{
	_cleanup_(fclosep) FILE *file = fopen(ETC_SHELLS, "re");
	char line[256];

	for (unsigned n = 0; file && n < LISTED_MAX && fgets(line, sizeof(line), file); n++) {
		line[strcspn(line, " \t\n")] = '\0';
		if (line[0] == '/' && !is_login_program(line))
			name_set(kernel, line, EVMON_EXE_SHELL);
	}
}

void tables_shells(struct kernel *kernel)
{
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (size_t k = 0; k < ARRAY_SIZE(dirs); k++) {
			snprintf(path, sizeof(path), "%s/%s", dirs[k], names[i].name);
			name_set(kernel, path, names[i].flags);
		}
	listed_set(kernel);
}
