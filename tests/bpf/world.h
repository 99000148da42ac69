/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One kernel object with a policy, a tree made of copies of the actor, and what came of it. Every
 * function here fails the test that calls it if it can't do what it says.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "event/event.h"
#include "kernel/internal.h"
#include "kernel/tallies.h"

#include "actor.h"

enum {
	WORLD_ALPHA = EVMON_CLASS_MODULE, /* classes of the modules Alpha, Beta */
	WORLD_BETA,
	WORLD_UID = 1500,
	WORLD_EVENTS = 1024,
	WORLD_REPORTS = 128,
	WORLD_PATHS = 64,
	WORLD_PORT = 40000, /* ports of the tests, and those above; nobody else's */
};

struct world {
	struct kernel *kernel;
	struct policy *policy;
	char dir[64];
	char paths[WORLD_PATHS][128];
	size_t n_paths;
	int control;	      /* to the actor that runs */
	pid_t pid;	      /* that actor's, the first one's of its script */
	bool evicted;	      /* the actor is not in the tree */
	const char *instance; /* EV_MODULE that the manager gives it; NULL: none */
	uid_t uid; /* that the manager gives it before its exec, and these capabilities */
	uint64_t ambient;
	struct event *events;
	size_t n_events;
	struct actor_report reports[WORLD_REPORTS];
	size_t n_reports;
};

struct world_options {
	struct kernel_options kernel;
	uint64_t window_ns; /* 0: an hour */
	/* Changes the default policy, from which bind rules are gone. */
	void (*policy)(struct policy *policy);
};

/* Program-wide: a network namespace and a child cgroup of its own, root, subreaper. Exit status 77
 * and a word why if this machine can't. */
void world_enter(void);
void world_leave(void);

/* An empty kernel, its tables filled, attached. Files: manager, broker, and the modules'. */
void world_open(struct world *world, const struct world_options *options);
void world_close(struct world *world);
/* Puts the world's policy, as it is now, in force. */
void world_policy(struct world *world);
/* Closes the world and skips the test where this kernel has no hook for the role. */
void world_needs(struct world *world, enum coverage_role role);

/* Path of a copy of the actor below the world's directory, made if it is not there; the world's. */
char *world_path(struct world *world, const char *file);

/* Starts an actor: the manager forks, gives up rights as it is told to, executes file (below the
 * directory) with argv (argv[0] first, NULL-terminated). */
void world_start(struct world *world, const char *file, const char *const *argv);
/* The next report of the actor. */
const struct actor_report *world_hear(struct world *world);
void world_go_on(struct world *world);
/* Until the actor and all that it left behind have ended; reads reports and records. */
void world_wait(struct world *world);
#define WORLD_RUN(world, file, ...)                                                   \
	({                                                                            \
		world_start(world, file, (const char *const[]){ __VA_ARGS__, NULL }); \
		world_wait(world);                                                    \
	})

/* Reads what is in the rings. */
void world_drain(struct world *world);
/* The n-th event of a rule, in order; NULL: there are not so many. NONE: those that joined. */
const struct event *world_event(const struct world *world, unsigned rule, size_t n);
size_t world_events(const struct world *world, unsigned rule);
/* Sum of the tallies of a rule for all slots; ret (or NULL): the last one seen. */
struct world_sum {
	uint64_t count;
	size_t keys;
	struct evmon_tally_key key;
	struct evmon_tally tally;
};
struct world_sum world_sum(const struct world *world, unsigned rule);
struct ring_counts world_counts(const struct world *world);

/* The entry of a task in the map; false: none. */
bool world_task(const struct world *world, pid_t pid, struct evmon_task *ret_task);

/* A rule for all subjects, protocols and scopes on a range of ports. Returns it for changes. */
struct bind_rule *world_rule(struct policy *policy, const char *name, unsigned first, unsigned last,
			     enum policy_action action);
