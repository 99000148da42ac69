/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What happens in the runtime directory, also while it is not there. */

enum watch_news {
	WATCH_CONF = 1 << 0,   /* publish.conf was replaced */
	WATCH_STATUS = 1 << 1, /* status.json was replaced */
	WATCH_OTHER = 1 << 2,  /* the mark, or something that is not ours */
	WATCH_ALL = WATCH_CONF | WATCH_STATUS | WATCH_OTHER
};

struct watch {
	const char *dir;	     /* not owned */
	int fd;			     /* inotify; owned */
	int dir_watch, parent_watch; /* -1: not watched */
};

int watch_open(struct watch *ret_watch, const char *dir);
void watch_close(struct watch *watch);
/* Neither the directory nor the one that holds it is there: nothing would tell. Ask again by
 * watch_update() after a while. */
int watch_is_blind(const struct watch *watch);
/* Watches what there is now to watch; the news that this may have hidden. */
unsigned watch_update(struct watch *watch);
/* Empties the fd. */
unsigned watch_drain(struct watch *watch);
