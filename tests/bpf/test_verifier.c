// SPDX-License-Identifier: Apache-2.0
/*
 * What the verifier goes through for each program that evmon loads on this kernel, against the
 * ceilings kept in verifier-ceilings: a program that grows shows it here, long before some kernel
 * refuses it. Loaded is what evmon itself chooses, by its own door; those that deny are loaded
 * whatever the policy says, and are among them. Instructions are counted in the log that each
 * program is given, for all kernels alike: bpf_prog_info has them only from 5.16 on.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/macros.h"
#include "kernel/internal.h"

#define SEPARATORS " \t\n"

enum {
	PROGRAMS = 128, /* a row of the file each */
	COLUMNS = 16,
	LOG_STATS = 4 /* the verifier's sums and no more, kernel/bpf/log.c */
};

/* One column of verifier-ceilings: this kernel's. */
struct ceilings {
	char family[16];
	struct ceiling {
		char program[64];
		unsigned long most; /* 0: not loaded there */
	} programs[PROGRAMS];
	size_t n;
};

/* Programs of one load, in the order in which evmon switches them on. */
static struct {
	struct bpf_program *program;
	char *log; /* evmon's, while it loads */
	unsigned long verified;
} loaded[PROGRAMS];
static size_t n_loaded;

/* The linker has the room kernel call these. */
int __real_bpf_program__set_log_buf(struct bpf_program *program, char *log, size_t size);
int __wrap_bpf_program__set_log_buf(struct bpf_program *program, char *log, size_t size);
int __real_skeleton_load(struct skeleton *skeleton);
int __wrap_skeleton_load(struct skeleton *skeleton);

int __wrap_bpf_program__set_log_buf(struct bpf_program *program, char *log, size_t size)
{
	assert_true(n_loaded < PROGRAMS);
	loaded[n_loaded].program = program;
	loaded[n_loaded++].log = log;
	assert_int_equal(bpf_program__set_log_level(program, LOG_STATS), 0);
	return __real_bpf_program__set_log_buf(program, log, size);
}

/* "processed N insns", the last such line; 0: none. */
static unsigned long processed(const char *log)
{
	const char *at = log, *last = NULL;

	while ((at = strstr(at, "processed ")))
		last = ++at;
	return last ? strtoul(last + strlen("rocessed "), NULL, 10) : 0;
}

static char *log_of(const struct bpf_program *program)
{
	for (size_t i = 0; i < n_loaded; i++)
		if (loaded[i].program == program)
			return loaded[i].log;
	return NULL;
}

/* A log is to evmon that of a program refused: this is the last one that the kernel was given. */
static void leave_log_of_refused(const struct bpf_object *object)
{
	struct bpf_program *program;
	char *last = NULL;

	bpf_object__for_each_program(program, object) {
		char *log = log_of(program);

		if (!log || !log[0])
			continue;
		if (last)
			last[0] = '\0';
		last = log;
	}
}

int __wrap_skeleton_load(struct skeleton *skeleton)
{
	int err = __real_skeleton_load(skeleton);

	if (err) {
		leave_log_of_refused(skeleton->obj);
		n_loaded = 0;
		return err;
	}
	for (size_t i = 0; i < n_loaded; i++)
		loaded[i].verified = processed(loaded[i].log);
	return 0;
}

/* --- verifier-ceilings ----------------------------------------------------------------------- */

static FILE *ceilings_file(void)
{
	FILE *file = fopen("tests/bpf/verifier-ceilings", "re");

	return file ? file : fopen("/tests/verifier-ceilings", "re");
}

/* Is release 6.12.3-amd64 of the family 6.12, or 6? */
static bool family_has(const char *family, const char *release)
{
	size_t n = strlen(family);

	return !strncmp(family, release, n) && strchr(".-", release[n]);
}

/* The next word of a line, which is cut up; NULL: there is none. */
static char *word_next(char **rest)
{
	char *word = *rest + strspn(*rest, SEPARATORS);
	size_t n = strcspn(word, SEPARATORS);

	*rest = word + n + (word[n] != '\0');
	word[n] = '\0';
	return n ? word : NULL;
}

/* The head names the families: which of them is this kernel's; 0: none. */
static size_t head_read(char *line, struct ceilings *ceilings)
{
	struct utsname names;
	size_t column = 0;
	char *word;

	assert_int_equal(uname(&names), 0);
	for (word = word_next(&line); word; word = word_next(&line), column++) {
		if (!column || !family_has(word, names.release))
			continue;
		snprintf(ceilings->family, sizeof(ceilings->family), "%s", word);
		return column;
	}
	return 0;
}

static void row_read(char *line, size_t column, struct ceilings *ceilings)
{
	struct ceiling *ceiling = &ceilings->programs[ceilings->n++];
	const char *word = word_next(&line);

	assert_true(ceilings->n < PROGRAMS);
	if (word)
		snprintf(ceiling->program, sizeof(ceiling->program), "%s", word);
	while (word && column--)
		word = word_next(&line);
	if (!word)
		fail_msg("verifier-ceilings: %s: a column is missing", ceiling->program);
	else
		ceiling->most = strtoul(word, NULL, 10);
}

static bool ceilings_read(struct ceilings *ceilings)
{
	FILE *file = ceilings_file();
	size_t column = 0;
	char line[256];

	*ceilings = (struct ceilings){ .n = 0 };
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (strchr("#\n", line[0]))
			continue;
		if (column) {
			row_read(line, column, ceilings);
			continue;
		}
		column = head_read(line, ceilings);
		if (!column)
			break;
	}
	fclose(file);
	return column != 0;
}

static unsigned long ceiling_of(const struct ceilings *ceilings, const char *program)
{
	for (size_t i = 0; i < ceilings->n; i++)
		if (!strcmp(ceilings->programs[i].program, program))
			return ceilings->programs[i].most;
	return 0;
}

/* --- tests ----------------------------------------------------------------------------------- */

/* Where the kernel says so itself, it says the same. */
static void kernel_agrees(const struct bpf_program *program, unsigned long n)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
	if (info.verified_insns)
		assert_int_equal(info.verified_insns, n);
}

/* A line for people, one for raise-ceilings, and whether it is within bounds. */
static bool program_is_low(const struct ceilings *ceilings, const struct bpf_program *program,
			   unsigned long n, bool figure)
{
	const char *name = bpf_program__name(program);
	unsigned long most = ceiling_of(ceilings, name);
	bool low = n && n <= most;

	kernel_agrees(program, n);
	if (figure)
		print_message("# figure: verifier, %s: %lu\n", name, n);
	print_message("# verified %s %s %lu\n", ceilings->family, name, n);
	if (!low)
		print_message("# %s: %lu instructions verified, the ceiling is %lu\n", name, n,
			      most);
	return low;
}

static void programs_are_low(const struct kernel_options *options)
{
	_cleanup_(kernel_freep) struct kernel *kernel = NULL;
	struct ceilings ceilings;
	char where[256] = "";
	size_t high = 0;

	if (!ceilings_read(&ceilings)) {
		print_message("# verifier-ceilings has no column for this kernel\n");
		skip();
	}
	n_loaded = 0;
	if (kernel_new(options, &kernel, where, sizeof(where)) < 0)
		fail_msg("%s", where);
	assert_true(n_loaded > 0);
	for (size_t i = 0; i < n_loaded; i++)
		high += !program_is_low(&ceilings, loaded[i].program, loaded[i].verified,
					!options->tracing);
	assert_int_equal(high, 0);
}

static void programs_stay_under_their_ceilings(void **state)
{
	const struct kernel_options options = { .tracing = false };

	(void)state;
	programs_are_low(&options);
}

static void tracing_programs_stay_under_their_ceilings(void **state)
{
	const struct kernel_options options = { .tracing = true };
	const char *full = getenv("EVMON_TEST_FULL");

	(void)state;
	if (getenv("EVMON_ROW") && (!full || !strcmp(full, "0"))) {
		print_message("# in an emulated machine only if EVMON_TEST_FULL is set\n");
		skip();
	}
	programs_are_low(&options);
}

/* The row "*" is the most that any program's ceiling may be. */
static void no_ceiling_is_beyond_what_all_must_keep(void **state)
{
	struct ceilings ceilings;
	unsigned long most;

	(void)state;
	if (!ceilings_read(&ceilings))
		skip();
	most = ceiling_of(&ceilings, "*");
	assert_true(most > 0);
	for (size_t i = 0; i < ceilings.n; i++)
		if (ceilings.programs[i].most > most)
			fail_msg("%s: more than %lu", ceilings.programs[i].program, most);
}

static void no_ceiling_is_left_of_a_program_that_is_gone(void **state)
{
	struct ceilings ceilings;
	struct skeleton *skeleton;

	(void)state;
	if (!ceilings_read(&ceilings))
		skip();
	assert_int_equal(skeleton_open(true, &skeleton), 0);
	for (size_t i = 0; i < ceilings.n; i++)
		if (strcmp(ceilings.programs[i].program, "*") != 0 &&
		    !bpf_object__find_program_by_name(skeleton->obj, ceilings.programs[i].program))
			fail_msg("%s: no such program", ceilings.programs[i].program);
	skeleton_free(skeleton);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_stay_under_their_ceilings),
		cmocka_unit_test(tracing_programs_stay_under_their_ceilings),
		cmocka_unit_test(no_ceiling_is_beyond_what_all_must_keep),
		cmocka_unit_test(no_ceiling_is_left_of_a_program_that_is_gone),
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP not root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
