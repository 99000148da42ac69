// SPDX-License-Identifier: Apache-2.0
/* Reads are bounded and exact; a write is there as a whole or not at all. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/macros.h"
#include "scratch.h"

static void files_of_all_sizes_read_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 8191, 8192, 8193, 20000 };
	struct scratch *scratch = *state;
	uint64_t seed = 0x5eed0003;
	char bytes[20000];

	scratch_bytes(&seed, bytes, sizeof(bytes));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_(freep) char *data = NULL;
		size_t n = 0, size = sizes[i];

		scratch_write(scratch, "file", bytes, size);
		assert_int_equal(file_read(scratch->fd, "file", size, &data, &n), 0);
		assert_int_equal(n, size);
		assert_memory_equal(data, bytes, n);
		assert_int_equal(data[n], 0);
	}
}

static void a_larger_file_is_refused(void **state)
{
	struct scratch *scratch = *state;
	char bytes[9000] = { 0 }, *data = (char *)1;
	size_t n = 5;

	scratch_write(scratch, "file", bytes, sizeof(bytes));
	assert_int_equal(file_read(scratch->fd, "file", sizeof(bytes) - 1, &data, &n), -EFBIG);
	assert_int_equal(file_read(scratch->fd, "file", 0, &data, &n), -EFBIG);
	assert_int_equal(file_read(scratch->fd, "none", 10, &data, &n), -ENOENT);
	assert_int_equal(file_read(scratch->fd, ".", 10, &data, &n), -EISDIR);
	assert_ptr_equal(data, (char *)1);
	assert_int_equal(n, 5);
}

static void reading_into_a_buffer_is_cut_and_ended(void **state)
{
	struct scratch *scratch = *state;
	char buffer[8] = "xxxxxxx";

	scratch_text(scratch, "file", "0123456789");
	assert_int_equal(file_read_into(scratch->fd, "file", buffer, 5), 4);
	assert_string_equal(buffer, "0123");
	assert_int_equal(buffer[5], 'x');
	assert_int_equal(file_read_into(scratch->fd, "none", buffer, 5), -ENOENT);
	assert_int_equal(file_read_into(scratch->fd, "file", buffer, 0), -ENOSPC);
	assert_true(file_read_into(AT_FDCWD, "/proc/self/stat", buffer, sizeof(buffer)) == 7);
}

static void a_write_replaces_the_file_and_leaves_nothing_beside(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_(freep) char *data = NULL;
	struct stat before, after;

	/* What a crash left, a link into another place even, is no obstacle. */
	assert_int_equal(symlinkat("/proc/self/environ", scratch->fd, "file.new"), 0);
	assert_int_equal(file_write_durable(scratch->fd, "file", "one", 3, 0640), 0);
	assert_int_equal(fstatat(scratch->fd, "file", &before, 0), 0);
	assert_int_equal(before.st_mode & 07777, 0640);
	assert_int_equal(file_write_atomic(scratch->fd, "file", "second", 6, 0600), 0);
	assert_int_equal(fstatat(scratch->fd, "file", &after, 0), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(after.st_mode & 07777, 0600);
	assert_int_equal(file_read(scratch->fd, "file", 100, &data, NULL), 0);
	assert_string_equal(data, "second");
	assert_int_equal(faccessat(scratch->fd, "file.new", F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void a_failed_write_leaves_the_old_file(void **state)
{
	struct scratch *scratch = *state;
	char name[300];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(file_write_atomic(scratch->fd, "no/such", "x", 1, 0600), -ENOENT);
	assert_int_equal(file_write_atomic(scratch->fd, name, "x", 1, 0600), -ENAMETOOLONG);
	/* The rename fails at the very end. */
	assert_int_equal(mkdirat(scratch->fd, "dir", 0755), 0);
	assert_int_equal(file_write_atomic(scratch->fd, "dir", "x", 1, 0600), -EISDIR);
	assert_int_equal(faccessat(scratch->fd, "dir.new", F_OK, 0), -1);
}

static void parents_are_made_and_what_exists_is_opened(void **state)
{
	struct scratch *scratch = *state;
	char path[PATH_MAX];
	struct stat st;
	int fd = -1;

	snprintf(path, sizeof(path), "%s/a/b//c", scratch->path);
	assert_int_equal(dir_open_make(path, 0700, &fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(fstatat(scratch->fd, "a/b", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(dir_open_make(path, 0700, &fd), 0);
	close(fd);
	assert_int_equal(dir_open_make("/", 0700, &fd), 0);
	close(fd);

	scratch_text(scratch, "plain", "");
	snprintf(path, sizeof(path), "%s/plain/x", scratch->path);
	fd = -7;
	assert_int_equal(dir_open_make(path, 0700, &fd), -ENOTDIR);
	assert_int_equal(dir_open_make("", 0700, &fd), -ENOENT);
	assert_int_equal(fd, -7);
}

static void kernel_devices_are_numbered_the_kernels_way(void **state)
{
	(void)state;
	assert_int_equal(file_kernel_dev(makedev(8, 1)), 8 << 20 | 1);
	assert_int_equal(file_kernel_dev(makedev(259, 300)), 259 << 20 | 300);
	assert_int_equal(file_kernel_dev(makedev(0, 0xfffff)), 0xfffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_of_all_sizes_read_back, scratch_set_up,
						scratch_tear_down),
		cmocka_unit_test_setup_teardown(a_larger_file_is_refused, scratch_set_up,
						scratch_tear_down),
		cmocka_unit_test_setup_teardown(reading_into_a_buffer_is_cut_and_ended,
						scratch_set_up, scratch_tear_down),
		cmocka_unit_test_setup_teardown(a_write_replaces_the_file_and_leaves_nothing_beside,
						scratch_set_up, scratch_tear_down),
		cmocka_unit_test_setup_teardown(a_failed_write_leaves_the_old_file, scratch_set_up,
						scratch_tear_down),
		cmocka_unit_test_setup_teardown(parents_are_made_and_what_exists_is_opened,
						scratch_set_up, scratch_tear_down),
		cmocka_unit_test(kernel_devices_are_numbered_the_kernels_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
