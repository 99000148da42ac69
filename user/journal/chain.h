/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The writing end of one chain: its active segment, and the hash that the next line continues. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/line.h"
#include "journal/segment.h"

struct chain {
	enum chain_id id;
	int dir_fd;	  /* not owned */
	uint64_t space;	  /* bytes that all its segments may take together */
	uint64_t segment; /* the active one's number; 0: none */
	int fd;		  /* the active one; -1: none */
	uint64_t offset;  /* where the next line goes */
	uint64_t size;	  /* of the active segment's file */
	uint64_t scrub;	  /* bytes behind offset that a failed write may have left */
	uint64_t seq;	  /* of the last line; 0: not known */
	char hash[HASH_HEX];
	bool dirty;
	bool removed;	     /* rotation took lines, which nobody has asked about yet */
	uint64_t removed_to; /* all that were removed have a seq up to this */
};

struct chain_repair {
	uint64_t cut;		      /* bytes of a torn tail that were removed */
	bool hole;		      /* segments are missing amid the others */
	char journal[JOURNAL_ID_MAX]; /* the id that the lines carry; empty: no line */
};

/* Finds the chain's end and cuts a torn tail; makes nothing. */
int chain_open(struct chain *ret_chain, int dir_fd, enum chain_id id, uint64_t space,
	       struct chain_repair *ret_repair);
void chain_close(struct chain *chain);
/* Makes room for `length` bytes in the active segment: rotates if they do not fit. */
int chain_reserve(struct chain *chain, size_t length);
/* Writes a sealed line with its newline, which chain_reserve() made room for. */
int chain_append(struct chain *chain, const char *text, size_t length, uint64_t seq,
		 const char *hash);
/* fdatasync, if anything was appended since the last. */
int chain_sync(struct chain *chain);
