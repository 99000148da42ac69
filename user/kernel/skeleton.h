/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The BPF object that is loaded, whichever it is: all its sensors with BTF, or those of tier D.
 * Only internal.h includes this. */
#include <stdbool.h>

#include <bpf/libbpf.h>

#include "base/hash.h"

struct evmon_settings;
struct evmon_bpf;
struct nobtf_bpf;

/* By the names that they have in both; NULL: this object has none. */
struct skeleton_maps {
	struct bpf_map *evmon_tasks, *evmon_exes, *evmon_scripts, *evmon_policies;
	struct bpf_map *evmon_tallies, *evmon_overflow;
	struct bpf_map *evmon_slot_ids, *evmon_slots, *evmon_free_slots;
	struct bpf_map *evmon_alerts, *evmon_bulk, *evmon_stats;
	struct bpf_map *evmon_sockets, *evmon_usb; /* with BTF */
	struct bpf_map *evmon_paths;		   /* without */
};

struct skeleton_constants {
	bool tracing, tree_only, can_read_kernel, late_creds;
};

struct skeleton {
	struct evmon_bpf *btf; /* one of the two; owned */
	struct nobtf_bpf *nobtf;
	struct bpf_object *obj;
	bool can_read_kernel; /* as the constants have it */
	bool knows_ancestors; /* of the task's cgroup; with BTF always */
	struct skeleton_constants constants;
	struct skeleton_maps maps;
	struct evmon_settings *settings; /* shared with the programs, once they are loaded */
};

int skeleton_open(bool btf, struct skeleton **ret_skeleton);
void skeleton_free(struct skeleton *skeleton);
/* Before loading. */
void skeleton_constants(struct skeleton *skeleton, const struct skeleton_constants *constants);
int skeleton_load(struct skeleton *skeleton);
/* The object with BTF, opened and loaded once more for one program of it that could not be loaded
 * then: with the maps and globals of the first, which has to outlive it. */
int skeleton_again(const struct skeleton *first, const char *program,
		   struct skeleton **ret_skeleton);
/* Of the object's bytes, as it is built in. */
void skeleton_hash(const struct skeleton *skeleton, char hex[HASH_HEX]);
/* Of the larger object: what a kernel with BTF gets. */
size_t skeleton_bytes(void);
