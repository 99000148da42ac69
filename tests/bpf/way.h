/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One socket that gets a port, in one of the ways that there are, by five words: HOW OPTIONS PROTO
 * ADDRESS PORT. HOW is a chain of what is done to the socket: bind (to PORT), bind0 (to port 0),
 * bindx or bindx0, then listen, connect or sendto. OPTIONS is "-" or some of those in way.c, with commas.
 */
enum {
	WAY_WORDS = 5
};

/* Reports the result (errno, 0: done), the port that resulted and the socket's own network
 * namespace. The socket stays open. -errno if it cannot report. */
int way_go(char **words);
