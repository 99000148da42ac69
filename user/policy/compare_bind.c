// SPDX-License-Identifier: Apache-2.0
/*
 * Binds compared by verdict. Both policies are asked about every subject, protocol and scope on
 * every stretch of ports that none of their items tells apart; what differs is gathered by the pair
 * of items that decide, and put back together into ports and words. So it does not matter how the
 * items are cut or in which order they stand, and nothing that changes can hide.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/bind.h"
#include "policy/bind_cells.h"
#include "policy/compare.h"

enum {
	NONE = -1,
	CELLS_OF_SUBJECT = EVMON_PROTO_MAX * EVMON_SCOPE_MAX,
	TEXT_MAX = 200
};

/* On these ports item a of the one and item b of the other decide about these cells. */
struct change {
	int a, b;
	uint64_t cells;
	unsigned first, last;
};

struct changes {
	struct change *at;
	size_t n, room;
};

static void changes_fini(struct changes *changes)
{
	free(changes->at);
}

static const struct bind_rule *item_of(const struct policy *policy, int item)
{
	return item == NONE ? NULL : &policy->bind[item];
}

static enum policy_action action_of(const struct bind_rule *item)
{
	return item ? item->action : ACTION_ALLOW;
}

static bool verdicts_equal(const struct bind_rule *a, const struct bind_rule *b)
{
	if (action_of(a) != action_of(b))
		return false;
	return action_of(a) == ACTION_ALLOW ||
	       (a->severity == b->severity && !strcmp(a->rule, b->rule));
}

static int change_add(struct changes *changes, struct change change)
{
	if (changes->n == changes->room) {
		size_t room = changes->room ? 2 * changes->room : 256;
		struct change *grown = reallocarray(changes->at, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		changes->at = grown;
		changes->room = room;
	}
	changes->at[changes->n++] = change;
	return 0;
}

/* Decisions with those of nobody as one more. */
static size_t decisions_all(const struct policy *policy, unsigned port,
			    struct change all[BIND_CELLS + 1])
{
	struct bind_decisions decisions;
	size_t n;

	bind_decide(policy, port, &decisions);
	for (n = 0; n < decisions.n; n++)
		all[n] = (struct change){ .a = (int)decisions.at[n].item,
					  .cells = decisions.at[n].cells };
	if (decisions.rest)
		all[n++] = (struct change){ .a = NONE, .cells = decisions.rest };
	return n;
}

static int stretch_compare(const struct comparison *c, unsigned first, unsigned last,
			   struct changes *changes)
{
	struct change a[BIND_CELLS + 1], b[BIND_CELLS + 1];
	size_t na = decisions_all(c->a, first, a), nb = decisions_all(c->b, first, b);
	int err = 0;

	for (size_t i = 0; i < na; i++)
		for (size_t k = 0; k < nb && !err; k++) {
			uint64_t cells = a[i].cells & b[k].cells;

			if (cells && !verdicts_equal(item_of(c->a, a[i].a), item_of(c->b, b[k].a)))
				err = change_add(changes, (struct change){ a[i].a, b[k].a, cells,
									   first, last });
		}
	return err;
}

static int by_kind(const void *x, const void *y)
{
	const struct change *p = x, *q = y;

	if (p->a != q->a)
		return p->a < q->a ? -1 : 1;
	if (p->b != q->b)
		return p->b < q->b ? -1 : 1;
	if (p->cells != q->cells)
		return p->cells < q->cells ? -1 : 1;
	return p->first < q->first ? -1 : p->first > q->first;
}

/* "a, b and c" out of the words whose bits are in the set. */
static void words_join(char text[TEXT_MAX], unsigned set, const struct choice *words)
{
	size_t at = 0;

	text[0] = '\0';
	for (; words->name; words++) {
		if ((set & words->value) != words->value)
			continue;
		set &= ~words->value;
		at += (size_t)snprintf(text + at, TEXT_MAX - at, "%s%s",
				       !at ? "" :
				       set ? ", " :
					     " and ",
				       words->name);
	}
}

static void subjects_say(char text[TEXT_MAX], unsigned set)
{
	static const struct choice words[] = {
		{ "anybody", SUBJECTS_ALL },
		{ "EVerest", 1u << EVMON_SUBJECT_EVEREST },
		{ "the broker", 1u << EVMON_SUBJECT_BROKER },
		{ "the host", 1u << EVMON_SUBJECT_HOST },
		{ NULL, 0 },
	};

	words_join(text, set, words);
}

static void protos_say(char text[TEXT_MAX], unsigned set)
{
	static const struct choice words[] = {
		{ "any protocol", PROTOS_ALL },
		{ "tcp", PROTOS_TCP },
		{ "udp", PROTOS_UDP },
		{ "sctp", PROTOS_SCTP },
		{ "other protocols", 1u << EVMON_PROTO_OTHER },
		{ NULL, 0 },
	};

	words_join(text, set, words);
}

static void scopes_say(char text[TEXT_MAX], unsigned set)
{
	static const struct choice words[] = {
		{ "on whatever address", SCOPES_ALL },
		{ "where the network can reach it",
		  1u << EVMON_SCOPE_ANY | 1u << EVMON_SCOPE_INTERFACE },
		{ "on loopback", 1u << EVMON_SCOPE_LOOPBACK },
		{ "on an interface's address", 1u << EVMON_SCOPE_INTERFACE },
		{ "on the wildcard address", 1u << EVMON_SCOPE_ANY },
		{ NULL, 0 },
	};

	words_join(text, set, words);
}

static void verdict_say(char text[TEXT_MAX], const struct bind_rule *item)
{
	if (action_of(item) == ACTION_ALLOW)
		snprintf(text, TEXT_MAX, "allowed");
	else
		snprintf(text, TEXT_MAX, "%s, %s, %s", action_name(item->action), item->rule,
			 severity_name(item->severity));
}

/* "port 8849", "ports 1-15117, 15119-65535", "any port" of n changes that differ in ports only. */
static void ports_say(FILE *out, const struct change *at, size_t n)
{
	bool one = n == 1 && at->first == at->last;

	if (n == 1 && at->first == 1 && at->last == UINT16_MAX) {
		fputs("any port", out);
		return;
	}
	fputs(one ? "port" : "ports", out);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "%s%u", i ? ", " : " ", at[i].first);
		if (at[i].last != at[i].first)
			fprintf(out, "-%u", at[i].last);
	}
}

/* What a line says: a set of subjects, of protocols and of scopes, on the ports of n changes. */
struct box {
	const struct change *at;
	size_t n;
	unsigned subjects, protos, scopes;
};

static void box_say(struct comparison *c, const struct box *box)
{
	const struct bind_rule *a = item_of(c->a, box->at->a), *b = item_of(c->b, box->at->b);
	enum effect effect = action_effect(action_of(a), action_of(b));
	char who[TEXT_MAX], what[TEXT_MAX], where[TEXT_MAX], was[TEXT_MAX], is[TEXT_MAX];
	FILE *out = c->out[effect];

	subjects_say(who, box->subjects);
	protos_say(what, box->protos);
	scopes_say(where, box->scopes);
	verdict_say(was, a);
	verdict_say(is, b);
	fprintf(out, "  bind: %s, %s, ", who, what);
	ports_say(out, box->at, box->n);
	fprintf(out, " %s (was %s; now %s)\n", where, was, is);
}

static unsigned cells_of(uint64_t cells, unsigned subject)
{
	return (unsigned)(cells >> subject * CELLS_OF_SUBJECT) & ((1u << CELLS_OF_SUBJECT) - 1);
}

static unsigned scopes_of(unsigned cells, unsigned proto)
{
	return cells >> proto * EVMON_SCOPE_MAX & SCOPES_ALL;
}

/* The cells of one or more subjects that have the same ones, as boxes. */
static void protos_box(struct comparison *c, struct box *box, unsigned cells)
{
	unsigned done = 0;

	for (unsigned proto = 0; proto < EVMON_PROTO_MAX; proto++) {
		box->scopes = scopes_of(cells, proto);
		box->protos = 0;
		if (!box->scopes || done >> proto & 1)
			continue;
		for (unsigned like = proto; like < EVMON_PROTO_MAX; like++)
			if (scopes_of(cells, like) == box->scopes)
				box->protos |= 1u << like;
		done |= box->protos;
		box_say(c, box);
	}
}

static void cells_box(struct comparison *c, const struct change *at, size_t n)
{
	struct box box = { .at = at, .n = n };
	unsigned done = 0;

	for (unsigned subject = 0; subject < EVMON_SUBJECT_MAX; subject++) {
		unsigned cells = cells_of(at->cells, subject);

		box.subjects = 0;
		if (!cells || done >> subject & 1)
			continue;
		for (unsigned like = subject; like < EVMON_SUBJECT_MAX; like++)
			if (cells_of(at->cells, like) == cells)
				box.subjects |= 1u << like;
		done |= box.subjects;
		protos_box(c, &box, cells);
	}
}

/* Sorted: stretches that touch become one, then every kind of change is said. */
static void changes_say(struct comparison *c, struct changes *changes)
{
	struct change *at = changes->at;
	size_t n = 0;

	for (size_t i = 0; i < changes->n; i++) {
		struct change *before = n ? &at[n - 1] : NULL;

		if (before && before->a == at[i].a && before->b == at[i].b &&
		    before->cells == at[i].cells && before->last + 1 == at[i].first)
			before->last = at[i].last;
		else
			at[n++] = at[i];
	}
	for (size_t i = 0, same; i < n; i += same) {
		for (same = 1; i + same < n && at[i + same].a == at[i].a &&
			       at[i + same].b == at[i].b && at[i + same].cells == at[i].cells;)
			same++;
		cells_box(c, at + i, same);
	}
}

int compare_bind(struct comparison *c)
{
	struct port_marks marks = { { 0 } };
	_cleanup_(changes_fini) struct changes changes = { .at = NULL };
	int err = 0;

	port_marks_add(&marks, c->a);
	port_marks_add(&marks, c->b);
	for (unsigned first = 1, next; first < 65536 && !err; first = next) {
		next = port_marks_next(&marks, first);
		err = stretch_compare(c, first, next - 1, &changes);
	}
	if (err < 0 || !changes.n)
		return err;
	qsort(changes.at, changes.n, sizeof(*changes.at), by_kind);
	changes_say(c, &changes);
	return 0;
}
