// SPDX-License-Identifier: Apache-2.0
/*
 * libyaml's events, made into a tree within limits. The limits are ours because libyaml has none:
 * 80 kB of `[` cost it half a minute, unless the reader stops asking at some depth. Whatever makes
 * YAML say something else than it shows is refused here, once, for all readers: anchors and
 * aliases (a page that repeats itself unseen), tags (types from elsewhere), merge keys, keys that
 * are no words, a second document (read by some, ignored by others), and control bytes.
 *
 * Parsing stops at the first of these; what a well-formed file says wrong is for the readers.
 */
#include "policy/document.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "policy/errors.h"

struct frame {
	struct node *node;
	struct node **tail;	/* where the next child goes */
	const struct node *key; /* of a mapping: waits for its value */
};

struct builder {
	const struct source *source;
	bool ended; /* the one document is complete */
	struct document *document;
	struct frame frames[DOCUMENT_DEPTH];
	size_t depth;
	struct policy_error *error;
};

static struct place place_at(const struct builder *b, yaml_mark_t mark)
{
	return (struct place){ b->source->file, (unsigned)mark.line + 1,
			       (unsigned)mark.column + 1 };
}

static int refuse(const struct builder *b, const yaml_event_t *event, const char *what)
{
	error_set(b->error, place_at(b, event->start_mark), "%s", what);
	return -EBADMSG;
}

static bool has_control(const unsigned char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] < 0x20 || text[i] == 0x7f)
			return true;
		if (text[i] == 0xc2 && i + 1 < n && text[i + 1] < 0xa0)
			return true;
	}
	return false;
}

static int node_make(struct builder *b, const yaml_event_t *event, enum node_kind kind,
		     size_t length, struct node **ret_node)
{
	struct node *node;

	if (b->document->n_nodes == DOCUMENT_NODES)
		return refuse(b, event, "too many values in one file (the limit is 20000)");
	node = calloc(1, sizeof(*node) + length + 1);
	if (!node)
		return -ENOMEM;
	node->kind = kind;
	node->line = (unsigned)event->start_mark.line + 1;
	node->column = (unsigned)event->start_mark.column + 1;
	node->made = b->document->made;
	b->document->made = node;
	b->document->n_nodes++;
	*ret_node = node;
	return 0;
}

/* Hangs a value where the open list, mapping or document waits for one. */
static void node_hang(struct builder *b, struct node *node)
{
	struct frame *top = b->depth ? &b->frames[b->depth - 1] : NULL;

	if (!top) {
		b->document->root = node;
		return;
	}
	node->key = top->key;
	top->key = NULL;
	*top->tail = node;
	top->tail = &node->next;
}

static bool key_expected(const struct builder *b)
{
	const struct frame *top = b->depth ? &b->frames[b->depth - 1] : NULL;

	return top && top->node->kind == NODE_MAP && !top->key;
}

static int on_open(struct builder *b, const yaml_event_t *event, enum node_kind kind)
{
	struct node *node;
	int err;

	if (key_expected(b))
		return refuse(b, event, "a key is a word, not a list or a mapping");
	if (b->depth == DOCUMENT_DEPTH)
		return refuse(b, event, "nested too deeply (the limit is 16)");
	err = node_make(b, event, kind, 0, &node);
	if (err < 0)
		return err;
	node_hang(b, node);
	b->frames[b->depth++] = (struct frame){ .node = node, .tail = &node->first };
	return 0;
}

static int key_check(const struct builder *b, const yaml_event_t *event, const struct node *key)
{
	if (!*key->text)
		return refuse(b, event, "an empty key");
	if (!strcmp(key->text, "<<") && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return refuse(b, event, "merge keys (<<) are not supported: write the keys out");
	return 0;
}

static int on_scalar(struct builder *b, const yaml_event_t *event)
{
	size_t length = event->data.scalar.length;
	bool control = has_control(event->data.scalar.value, length);
	struct node *node;
	int err;

	if (length > DOCUMENT_SCALAR)
		return refuse(b, event, "text too long (the limit is 4096 bytes)");
	if (control && (!b->source->control || key_expected(b)))
		return refuse(b, event, "control bytes (such as line breaks and tabs) in a text");
	err = node_make(b, event, NODE_SCALAR, length, &node);
	if (err < 0)
		return err;
	memcpy(node->text, event->data.scalar.value, length);
	node->control = control;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (!key_expected(b)) {
		node_hang(b, node);
		return 0;
	}
	b->frames[b->depth - 1].key = node;
	return key_check(b, event, node);
}

static int marks_check(const struct builder *b, const yaml_event_t *event, const void *anchor,
		       const void *tag)
{
	if (anchor)
		return refuse(b, event, "anchors (&) are not supported: write the value out");
	if (tag)
		return refuse(b, event, "tags (!) are not supported: leave it out");
	return 0;
}

static int on_document(struct builder *b, const yaml_event_t *event)
{
	const yaml_tag_directive_t *tags = event->data.document_start.tag_directives.start;

	if (b->ended)
		return refuse(b, event, "a second document in the same file");
	if (tags && tags != event->data.document_start.tag_directives.end)
		return refuse(b, event, "tags (%TAG) are not supported: leave it out");
	return 0;
}

/* 0: go on; 1: the end. */
static int on_event(struct builder *b, const yaml_event_t *event)
{
	int err;

	switch (event->type) {
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
		return 0;
	case YAML_STREAM_END_EVENT:
		return 1;
	case YAML_DOCUMENT_START_EVENT:
		return on_document(b, event);
	case YAML_DOCUMENT_END_EVENT:
		b->ended = true;
		return 0;
	case YAML_ALIAS_EVENT:
		return refuse(b, event, "aliases (*) are not supported: write the value out");
	case YAML_SCALAR_EVENT:
		err = marks_check(b, event, event->data.scalar.anchor, event->data.scalar.tag);
		return err ? err : on_scalar(b, event);
	case YAML_SEQUENCE_START_EVENT:
		err = marks_check(b, event, event->data.sequence_start.anchor,
				  event->data.sequence_start.tag);
		return err ? err : on_open(b, event, NODE_LIST);
	case YAML_MAPPING_START_EVENT:
		err = marks_check(b, event, event->data.mapping_start.anchor,
				  event->data.mapping_start.tag);
		return err ? err : on_open(b, event, NODE_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		assert(b->depth);
		b->depth--;
		return 0;
	}
	return 0;
}

/* The reader knows the place of a byte it cannot take only as an offset. */
static struct place place_of_offset(const struct builder *b, size_t offset)
{
	struct place place = { b->source->file, 1, 1 };

	for (size_t i = 0; i < MIN(offset, b->source->size); i++) {
		if (b->source->data[i] == '\n') {
			place.line++;
			place.column = 1;
		} else if (((unsigned char)b->source->data[i] & 0xc0) != 0x80) {
			place.column++;
		}
	}
	return place;
}

static int syntax_error(const struct builder *b, const yaml_parser_t *parser)
{
	const char *problem = parser->problem ? parser->problem : "no reason given";

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		error_set(b->error, place_of_offset(b, parser->problem_offset), "not YAML: %s",
			  problem);
	else if (parser->context)
		error_set(b->error, place_at(b, parser->problem_mark),
			  "not YAML: %s %s that began in line %zu", problem, parser->context,
			  parser->context_mark.line + 1);
	else
		error_set(b->error, place_at(b, parser->problem_mark), "not YAML: %s", problem);
	return -EBADMSG;
}

static int build(struct builder *b, yaml_parser_t *parser)
{
	int err = 0;

	while (!err) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return syntax_error(b, parser);
		err = on_event(b, &event);
		yaml_event_delete(&event);
	}
	return err < 0 ? err : 0;
}

int document_parse(const struct source *source, struct document **ret_document,
		   struct policy_error *ret_error)
{
	_cleanup_(document_freep) struct document *document = NULL;
	struct builder b = { .source = source, .error = ret_error };
	yaml_parser_t parser;
	int err;

	if (source->size > DOCUMENT_BYTES) {
		error_set(ret_error, (struct place){ source->file, 0, 0 }, "larger than 1 MiB");
		return -EBADMSG;
	}
	document = calloc(1, sizeof(*document));
	if (!document || !yaml_parser_initialize(&parser))
		return -ENOMEM;
	b.document = document;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)source->data, source->size);
	err = build(&b, &parser);
	yaml_parser_delete(&parser);
	if (err < 0)
		return err;
	*ret_document = TAKE_PTR(document);
	return 0;
}

void document_free(struct document *document)
{
	if (!document)
		return;
	for (struct node *node = document->made; node;) {
		struct node *older = node->made;

		free(node);
		node = older;
	}
	free(document);
}

const struct node *node_find(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (const struct node *value = map->first; value; value = value->next)
		if (!strcmp(value->key->text, key))
			return value;
	return NULL;
}

const char *node_kind_name(const struct node *node)
{
	switch (node->kind) {
	case NODE_LIST:
		return "a list";
	case NODE_MAP:
		return "a mapping";
	case NODE_SCALAR:
		break;
	}
	return *node->text ? "a single value" : "nothing";
}
