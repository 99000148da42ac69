// SPDX-License-Identifier: Apache-2.0
/*
 * A used kernel is made empty map by map, so that a test finds what it would find in a new one.
 * What stays is what loading and attaching gave: programs, links, coverage.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "evmon/stats.h"
#include "kernel/exe_table.h"
#include "kernel/internal.h"
#include "kernel/tables.h"

#include "kept.h"

/* One that does not trace, one that does, one that traces a tree by its root. */
static struct kernel *kept[3];

static void map_clear(const struct bpf_map *map)
{
	unsigned char key[64];

	while (bpf_map_get_next_key(bpf_map__fd(map), NULL, key) == 0)
		assert_int_equal(bpf_map_delete_elem(bpf_map__fd(map), key), 0);
}

static void array_clear(const struct bpf_map *map, unsigned cpus)
{
	void *zero = calloc(cpus, bpf_map__value_size(map));

	assert_non_null(zero);
	for (uint32_t i = 0; i < bpf_map__max_entries(map); i++)
		assert_int_equal(bpf_map_update_elem(bpf_map__fd(map), &i, zero, BPF_ANY), 0);
	free(zero);
}

static int pass_over(const void *data, size_t size, void *userdata)
{
	(void)data;
	(void)size;
	(void)userdata;
	return 0;
}

static void kernel_empty(struct kernel *kernel)
{
	struct evmon_settings *settings = kernel->skeleton->settings;
	uint32_t slot;

	map_clear(kernel->skeleton->maps.evmon_tasks);
	map_clear(kernel->skeleton->maps.evmon_tallies);
	map_clear(kernel->skeleton->maps.evmon_sockets);
	map_clear(kernel->skeleton->maps.evmon_slot_ids);
	array_clear(kernel->skeleton->maps.evmon_slots, 1);
	array_clear(kernel->skeleton->maps.evmon_overflow, 1);
	array_clear(kernel->skeleton->maps.evmon_stats, (unsigned)libbpf_num_possible_cpus());
	while (bpf_map_lookup_and_delete_elem(bpf_map__fd(kernel->skeleton->maps.evmon_free_slots),
					      NULL, &slot) == 0)
		;
	assert_int_equal(tables_open(kernel), 0);
	exe_table_fini(&kernel->exes);
	kernel->exes.map_fd = bpf_map__fd(kernel->skeleton->maps.evmon_exes);
	map_clear(kernel->skeleton->maps.evmon_exes);
	*settings = (struct evmon_settings){ 0 };
	assert_int_equal(ring_consume(kernel, pass_over, NULL), 0);
}

/* Attached with a policy that denies, so that all hooks are; the tests' own are put in force. */
static void kernel_watch(struct kernel *kernel)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;

	assert_int_equal(policy_new_default(&policy), 0);
	policy->bind[0].action = ACTION_DENY;
	policy->capability_action = ACTION_DENY;
	policy->root_action = ACTION_DENY;
	assert_int_equal(kernel_attach(kernel, policy), 0);
}

struct kernel *kept_kernel(const struct kernel_options *options,
			   void (*made)(struct kernel *kernel))
{
	struct kernel **kernel = &kept[options->tracing + options->tree_only];
	char where[256] = "";

	if (!*kernel) {
		if (kernel_new(options, kernel, where, sizeof(where)) < 0)
			fail_msg("%s", where);
		made(*kernel);
		kernel_watch(*kernel);
	}
	kernel_empty(*kernel);
	return *kernel;
}

void kept_forget(const struct kernel *kernel)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (kept[i] == kernel)
			kept[i] = NULL;
}

void kept_free(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		kernel_free(TAKE_PTR(kept[i]));
}
