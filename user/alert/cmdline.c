// SPDX-License-Identifier: Apache-2.0
/*
 * Command lines carry passphrases, and alerts travel: by default only what names an EVerest module
 * is shown. That is argv[0], --module and --prefix ("--module api" or "--module=api"), and of an
 * interpreter that EVerest starts modules with (node, python3) the script: the first argument that
 * ends like a script's name, has no blank in it, and is no option and no option's code (-c, -e).
 */
#include "alert/cmdline.h"

#include <string.h>

#include "base/macros.h"
#include "base/escape.h"

static size_t length_of(const char *text, const char *end)
{
	return strnlen(text, (size_t)(end - text));
}

static bool begins(const char *text, size_t n, const char *start)
{
	size_t length = strlen(start);

	return n >= length && !memcmp(text, start, length);
}

static bool ends(const char *text, size_t n, const char *end)
{
	size_t length = strlen(end);

	return n > length && !memcmp(text + n - length, end, length);
}

static bool is(const char *text, size_t n, const char *word)
{
	return n == strlen(word) && !memcmp(text, word, n);
}

static bool is_interpreter(const struct process *p)
{
	const char *slash = strrchr(p->exe, '/');
	const char *name = slash ? slash + 1 : p->exe;

	if (!p->exe[0]) {
		slash = strrchr(p->args, '/');
		name = slash ? slash + 1 : p->args;
	}
	return !strncmp(name, "python", 6) || !strcmp(name, "node") || !strcmp(name, "nodejs");
}

static bool is_script(const char *text, size_t n)
{
	static const char *const endings[] = { ".py", ".js", ".mjs", ".cjs" };

	if (text[0] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] <= ' ')
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (ends(text, n, endings[i]))
			return true;
	return false;
}

/* State of the walk over argv. */
struct choice {
	bool value;  /* the argument before takes this one as its value */
	bool script; /* a script may still come */
};

static bool choose(struct choice *c, const char *text, size_t n, bool first)
{
	static const char *const code[] = { "-c", "-e", "-p", "-m", "--eval", "--print" };

	if (first || c->value) {
		c->value = false;
		return true;
	}
	if (is(text, n, "--module") || is(text, n, "--prefix")) {
		c->value = true;
		return true;
	}
	if (begins(text, n, "--module=") || begins(text, n, "--prefix="))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(code); i++)
		if (is(text, n, code[i]))
			c->script = false;
	if (!c->script || !is_script(text, n))
		return false;
	c->script = false;
	return true;
}

static void add(struct cmdline *cmdline, const char *text, size_t n, size_t *left)
{
	size_t kept = escape_cut(text, n, *left);

	if (cmdline->n == PROCESS_ARGS || (n && !kept)) {
		cmdline->truncated = true;
		return;
	}
	if (kept < n)
		cmdline->truncated = true;
	cmdline->arg[cmdline->n++] = (struct cmdline_argument){ text, kept };
	*left -= kept;
}

void cmdline_select(const struct process *p, bool full, size_t max, struct cmdline *ret_cmdline)
{
	size_t length = MIN(p->args_length, sizeof(p->args));
	const char *end = p->args + length;
	struct choice c = { .script = is_interpreter(p) };
	size_t left = max;

	*ret_cmdline = (struct cmdline){ 0 };
	for (const char *text = p->args; text < end;) {
		size_t n = length_of(text, end);

		if (choose(&c, text, n, text == p->args) || full)
			add(ret_cmdline, text, n, &left);
		text += n + 1;
	}
}
