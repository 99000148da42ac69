// SPDX-License-Identifier: Apache-2.0
/*
 * Two objects serve the same maps: evmon.bpf.o wants the kernel's BTF, nobtf.bpf.o does without.
 * What the rest of the room asks of either is the same and found by name once, here; nobody else
 * knows which it is. The second has no types to find a tracepoint's fields by, and is told where
 * they lie.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/internal.h"
#include "kernel/objects.h"
#include "kernel/tracepoint.h"

#define MAP(map)                                          \
	{                                                 \
#map, offsetof(struct skeleton_maps, map) \
	}

static const struct {
	const char *name;
	size_t offset;
} maps[] = {
	MAP(evmon_tasks),      MAP(evmon_exes),	    MAP(evmon_scripts),	 MAP(evmon_policies),
	MAP(evmon_tallies),    MAP(evmon_overflow), MAP(evmon_slot_ids), MAP(evmon_slots),
	MAP(evmon_free_slots), MAP(evmon_alerts),   MAP(evmon_bulk),	 MAP(evmon_stats),
	MAP(evmon_sockets),    MAP(evmon_paths),    MAP(evmon_usb),
};

_Static_assert(sizeof(maps) / sizeof(maps[0]) == sizeof(struct skeleton_maps) / sizeof(void *),
	       "every map has its name");

static void maps_find(struct skeleton *skeleton)
{
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		*(struct bpf_map **)(void *)((char *)&skeleton->maps + maps[i].offset) =
			bpf_object__find_map_by_name(skeleton->obj, maps[i].name);
}

int skeleton_open(bool btf, struct skeleton **ret_skeleton)
{
	struct skeleton *skeleton = calloc(1, sizeof(*skeleton));
	int err;

	if (!skeleton)
		return -ENOMEM;
	errno = 0;
	if (btf)
		skeleton->btf = evmon_bpf__open();
	else
		skeleton->nobtf = nobtf_bpf__open();
	if (!skeleton->btf && !skeleton->nobtf) {
		err = errno ? -errno : -ENOMEM;
		free(skeleton);
		return err;
	}
	skeleton->obj = btf ? skeleton->btf->obj : skeleton->nobtf->obj;
	maps_find(skeleton);
	*ret_skeleton = skeleton;
	return 0;
}

void skeleton_free(struct skeleton *skeleton)
{
	if (!skeleton)
		return;
	evmon_bpf__destroy(skeleton->btf);
	nobtf_bpf__destroy(skeleton->nobtf);
	free(skeleton);
}

/* A tracepoint whose format cannot be read keeps its offsets at 0, and its hook fails its trial. */
static void offsets_find(struct nobtf_bpf *nobtf)
{
	struct nobtf_bpf__rodata *c = nobtf->rodata;

	tracepoint_field("task/task_newtask", "pid", &c->evmon_offsets.newtask_pid);
	tracepoint_field("task/task_newtask", "clone_flags", &c->evmon_offsets.newtask_flags);
	tracepoint_field("sched/sched_process_exec", "filename", &c->evmon_offsets.exec_filename);
	tracepoint_field("cgroup/cgroup_mkdir", "root", &c->evmon_offsets.mkdir_root);
	tracepoint_field("cgroup/cgroup_mkdir", "id", &c->evmon_offsets.mkdir_id);
	tracepoint_field("cgroup/cgroup_mkdir", "level", &c->evmon_offsets.mkdir_level);
	tracepoint_field("cgroup/cgroup_mkdir", "path", &c->evmon_offsets.mkdir_path);
}

void skeleton_constants(struct skeleton *skeleton, const struct skeleton_constants *constants)
{
	skeleton->can_read_kernel = constants->can_read_kernel;
	skeleton->constants = *constants;
	if (skeleton->btf) {
		struct evmon_bpf__rodata *c = skeleton->btf->rodata;

		skeleton->knows_ancestors = true;
		c->evmon_tracing = constants->tracing;
		c->evmon_tree_only = constants->tree_only;
		c->evmon_late_creds = constants->late_creds;
		/* libbpf takes both away together, see maps.bpf.h. */
		c->evmon_can_read_kernel = c->evmon_can_read_user = constants->can_read_kernel;
		return;
	}
	skeleton->nobtf->rodata->evmon_tracing = constants->tracing;
	skeleton->nobtf->rodata->evmon_tree_only = constants->tree_only;
	skeleton->nobtf->rodata->evmon_can_read_kernel = constants->can_read_kernel;
	skeleton->nobtf->rodata->evmon_self = (uint32_t)getpid();
	skeleton->knows_ancestors = libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE,
							    BPF_FUNC_get_current_ancestor_cgroup_id,
							    NULL) == 1;
	skeleton->nobtf->rodata->evmon_knows_ancestors = skeleton->knows_ancestors;
	offsets_find(skeleton->nobtf);
}

int skeleton_load(struct skeleton *skeleton)
{
	int err = skeleton->btf ? evmon_bpf__load(skeleton->btf) : nobtf_bpf__load(skeleton->nobtf);

	if (err)
		return err;
	skeleton->settings = skeleton->btf ? &skeleton->btf->bss->evmon_settings :
					     &skeleton->nobtf->bss->evmon_settings;
	return 0;
}

/* The same object has the same maps in the same order, globals among them. */
static int maps_share(const struct skeleton *first, struct skeleton *again)
{
	struct bpf_map *from = bpf_object__next_map(first->obj, NULL), *to;
	int err = 0;

	bpf_object__for_each_map(to, again->obj) {
		if (bpf_map__fd(from) < 0) /* this kernel has no such map */
			err = bpf_map__set_autocreate(to, false);
		else
			err = bpf_map__reuse_fd(to, bpf_map__fd(from));
		if (err < 0)
			return err;
		from = bpf_object__next_map(first->obj, from);
	}
	return 0;
}

int skeleton_again(const struct skeleton *first, const char *program,
		   struct skeleton **ret_skeleton)
{
	struct skeleton *again = NULL;
	struct bpf_program *p;
	int err = skeleton_open(true, &again);

	if (err < 0)
		return err;
	bpf_object__for_each_program(p, again->obj) {
		bpf_program__set_autoload(p, !strcmp(bpf_program__name(p), program));
	}
	err = maps_share(first, again);
	if (!err)
		err = evmon_bpf__load(again->btf);
	if (err) {
		skeleton_free(again);
		return err;
	}
	*ret_skeleton = again;
	return 0;
}

void skeleton_hash(const struct skeleton *skeleton, char hex[HASH_HEX])
{
	size_t size = 0;
	const void *bytes = skeleton->btf ? evmon_bpf__elf_bytes(&size) :
					    nobtf_bpf__elf_bytes(&size);

	hash_hex(bytes, size, hex);
}

size_t skeleton_bytes(void)
{
	size_t size = 0;

	return evmon_bpf__elf_bytes(&size) ? size : 0;
}
