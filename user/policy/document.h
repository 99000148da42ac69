/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A YAML file as a small tree: scalars (all of them text), lists, mappings. YAML's own ideas of
 * types, anchors, aliases, tags, merge keys and further documents do not exist here.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "policy/policy.h"

enum {
	DOCUMENT_BYTES = 1 << 20,
	DOCUMENT_DEPTH = 16,
	DOCUMENT_NODES = 20000,
	DOCUMENT_SCALAR = 4096,
};

enum node_kind {
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAP
};

struct node {
	enum node_kind kind;
	unsigned line, column;	/* from 1 */
	const struct node *key; /* in a mapping: what this is the value of */
	struct node *first;	/* of a list or a mapping */
	struct node *next;	/* in the list or mapping that this is in */
	struct node *made;	/* the document's chain of all nodes */
	bool control;		/* the text has control bytes: only in documents that may */
	bool plain;		/* the text stands without quotation marks */
	bool patch;		/* it comes from the file that was merged over the other */
	char text[];		/* of a scalar, NUL-terminated */
};

struct document {
	struct node *root; /* NULL: nothing but comments */
	struct node *made;
	size_t n_nodes;
};

/* The bytes of a file. With `control`, text may have control bytes: see the node. */
struct source {
	const char *file;
	const char *data;
	size_t size;
	bool control;
};

/* -EBADMSG: error says where and what. */
int document_parse(const struct source *source, struct document **ret_document,
		   struct policy_error *ret_error);
void document_free(struct document *document);
DEFINE_CLEANUP(struct document *, document_free);

/* The value of a key; NULL where it is missing or `map` is no mapping. */
const struct node *node_find(const struct node *map, const char *key);
/* "a mapping": for messages. */
const char *node_kind_name(const struct node *node);
