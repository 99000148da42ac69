// SPDX-License-Identifier: Apache-2.0
/*
 * What the verifier goes through for each program that evmon loads on this kernel, against the
 * ceilings kept in verifier-ceilings: a program that grows shows it here, long before some kernel
 * refuses it. Loaded is what evmon itself chooses, by its own door; those that deny are loaded
 * whatever the policy says, and are among them. Instructions are counted in the log that each
 * program is given, for all kernels alike: bpf_prog_info has them only from 5.16 on. What a kernel
 * without BTF gets is loaded where evmon can be kept from this one's; and no program is without a
 * ceiling on some kernel.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/macros.h"
#include "kernel/internal.h"
#include "kernel/kmod.h"

#define SEPARATORS " \t\n"

DEFINE_CLEANUP(struct skeleton *, skeleton_free);

enum {
	PROGRAMS = 128, /* a row of the file each */
	COLUMNS = 16,
	LOG_STATS = 4 /* the verifier's sums and no more, kernel/bpf/log.c */
};

/* One column of verifier-ceilings: this kernel's. */
struct ceilings {
	char family[16];
	struct ceiling {
		char program[64];   /* "nobtf/" before those of the object without BTF */
		unsigned long most; /* 0: not loaded there */
		bool somewhere;	    /* any column has one */
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
	size_t at = 0;

	assert_true(ceilings->n < PROGRAMS);
	if (word)
		snprintf(ceiling->program, sizeof(ceiling->program), "%s", word);
	while ((word = word_next(&line))) {
		unsigned long most = strtoul(word, NULL, 10);

		if (++at == column)
			ceiling->most = most;
		ceiling->somewhere |= most != 0;
	}
	if (at < column)
		fail_msg("verifier-ceilings: %s: a column is missing", ceiling->program);
}

/* False: no column is this kernel's. */
static bool ceilings_read(struct ceilings *ceilings)
{
	FILE *file = ceilings_file();
	bool headed = false;
	size_t column = 0;
	char line[256];

	*ceilings = (struct ceilings){ .n = 0 };
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (strchr("#\n", line[0]))
			continue;
		if (headed)
			row_read(line, column, ceilings);
		else
			column = head_read(line, ceilings);
		headed = true;
	}
	fclose(file);
	return column != 0;
}

/* NULL: it has no row. */
static const struct ceiling *ceiling_find(const struct ceilings *ceilings, const char *program)
{
	for (size_t i = 0; i < ceilings->n; i++)
		if (!strcmp(ceilings->programs[i].program, program))
			return &ceilings->programs[i];
	return NULL;
}

static unsigned long ceiling_of(const struct ceilings *ceilings, const char *program)
{
	const struct ceiling *ceiling = ceiling_find(ceilings, program);

	return ceiling ? ceiling->most : 0;
}

/* Both objects have programs of the same name. */
static void row_name(const struct bpf_program *program, bool btf, char ret_name[64])
{
	snprintf(ret_name, 64, "%s%s", btf ? "" : "nobtf/", bpf_program__name(program));
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
static bool name_is_low(const struct ceilings *ceilings, const char *name, unsigned long n,
			bool figure)
{
	unsigned long most = ceiling_of(ceilings, name);
	bool low = n && n <= most;

	if (figure)
		print_message("# figure: verifier, %s: %lu\n", name, n);
	print_message("# verified %s %s %lu\n", ceilings->family, name, n);
	if (!low)
		print_message("# %s: %lu instructions verified, the ceiling is %lu\n", name, n,
			      most);
	return low;
}

/* What comes with a module, loaded when that is there, says from 5.16 on what it cost. */
static bool kmod_is_low(struct kernel *kernel, enum kmod kmod, const struct ceilings *ceilings)
{
	struct bpf_prog_info info = { 0 };
	struct bpf_program *program;
	bool low = true;

	if (!kernel->kmods[kmod] && !kernel_kmod_attach(kernel, kmod))
		return true; /* its row of the coverage says why */
	bpf_object__for_each_program(program, kernel->kmods[kmod]->obj) {
		__u32 size = sizeof(info);

		if (bpf_program__fd(program) < 0)
			continue;
		assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
		low = !info.verified_insns ||
		      name_is_low(ceilings, bpf_program__name(program), info.verified_insns, true);
	}
	return low;
}

static bool kmods_are_low(struct kernel *kernel, const struct ceilings *ceilings)
{
	_cleanup_(closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);
	bool low = true;

	for (unsigned kmod = 0; kmod < KMOD_MAX; kmod++)
		low &= kmod_is_low(kernel, (enum kmod)kmod, ceilings);
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
	for (size_t i = 0; i < n_loaded; i++) {
		char name[64];

		row_name(loaded[i].program, kernel->skeleton->btf != NULL, name);
		kernel_agrees(loaded[i].program, loaded[i].verified);
		high += !name_is_low(&ceilings, name, loaded[i].verified, !options->tracing);
	}
	if (!options->tracing)
		high += !kmods_are_low(kernel, &ceilings);
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

/* As evmon finds a kernel without BTF: in a mount namespace of its own, which the test keeps. */
static void programs_without_btf_stay_under_their_ceilings(void **state)
{
	const struct kernel_options options = { .tracing = false };

	(void)state;
	if (access("/sys/kernel/btf/vmlinux", F_OK) == 0 &&
	    (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	     mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL) < 0)) {
		print_message("# the kernel's BTF cannot be hidden\n");
		skip();
	}
	programs_are_low(&options);
	umount2("/sys/kernel/btf", MNT_DETACH);
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

static void each_has_a_ceiling(const struct ceilings *ceilings, const struct skeleton *skeleton)
{
	struct bpf_program *program;
	char name[64];

	bpf_object__for_each_program(program, skeleton->obj) {
		const struct ceiling *ceiling;

		row_name(program, skeleton->btf != NULL, name);
		ceiling = ceiling_find(ceilings, name);
		if (!ceiling || !ceiling->somewhere)
			fail_msg("%s: no kernel has a ceiling for it", name);
	}
}

static bool has_program(const struct skeleton *skeleton, const char *row)
{
	bool btf = strncmp(row, "nobtf/", 6) != 0;

	return btf == (skeleton->btf != NULL) &&
	       bpf_object__find_program_by_name(skeleton->obj, btf ? row : row + 6);
}

static void programs_and_ceilings_are_the_same(void **state)
{
	_cleanup_(skeleton_freep) struct skeleton *with = NULL, *without = NULL;
	struct ceilings ceilings;

	(void)state;
	ceilings_read(&ceilings);
	assert_int_equal(skeleton_open(true, &with), 0);
	assert_int_equal(skeleton_open(false, &without), 0);
	each_has_a_ceiling(&ceilings, with);
	each_has_a_ceiling(&ceilings, without);
	for (size_t i = 0; i < ceilings.n; i++) {
		const char *row = ceilings.programs[i].program;

		if (strcmp(row, "*") != 0 && !has_program(with, row) && !has_program(without, row))
			fail_msg("%s: no such program", row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_stay_under_their_ceilings),
		cmocka_unit_test(tracing_programs_stay_under_their_ceilings),
		cmocka_unit_test(no_ceiling_is_beyond_what_all_must_keep),
		cmocka_unit_test(programs_and_ceilings_are_the_same),
		cmocka_unit_test(programs_without_btf_stay_under_their_ceilings),
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP not root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
