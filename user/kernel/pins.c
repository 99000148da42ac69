// SPDX-License-Identifier: Apache-2.0
/*
 * A daemon that ends, however, leaves its sensors at work: maps and links are pinned as they are
 * made, and the next daemon goes on with them. It does so only if it is of the same build, for a
 * tally's bytes mean what its own build says; else what is there goes, with what it counted, and
 * that is told. Programs are pinned for the sake of what the kernel counts of them (missed.c).
 *
 * The directory is the lock, too: flock() ends with its owner however that dies.
 */
#include "kernel/pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include "base/hash.h"
#include "base/log.h"
#include "kernel/hooks.h"

/* Links first where all goes: no hook is to write into maps that nobody knows any more. */
static const char *const folders[] = { KERNEL_PINS_DIR "/links", KERNEL_PINS_DIR "/programs",
				       KERNEL_PINS_DIR "/maps" };

enum {
	PATH_BYTES = 128,
	NAME_BYTES = 32,
	UNLOAD_MS = 5000,
};

/* bpffs takes no dots. */
static void path_of(char path[PATH_BYTES], const char *folder, const char *name)
{
	int n = snprintf(path, PATH_BYTES, KERNEL_PINS_DIR "/%s/", folder);

	snprintf(path + n, (size_t)(PATH_BYTES - n), "%s", name);
	for (char *c = path + n; *c; c++)
		if (*c == '.')
			*c = '_';
}

static void link_path(char path[PATH_BYTES], enum evmon_hook hook)
{
	path_of(path, "links", hook_get(hook)->program);
}

static int directory_lock(int *ret_fd)
{
	_cleanup_(closep) int fd = open(KERNEL_PINS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int pins_open(struct pins *pins)
{
	struct statfs fs;
	int err;

	/* Where /sys is no bpffs below, nothing can be made there and the first mkdir says so. */
	if (mkdir(KERNEL_PINS_DIR, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (statfs(KERNEL_PINS_DIR, &fs) < 0)
		return -errno;
	if ((uint32_t)fs.f_type != BPF_FS_MAGIC)
		return -ENOTSUP;
	err = directory_lock(&pins->lock_fd);
	if (err < 0)
		return err;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdir(folders[i], 0700) < 0 && errno != EEXIST)
			return -errno;
	pins->on = true;
	return 0;
}

void pins_close(struct pins *pins)
{
	closep(&pins->lock_fd);
	pins->lock_fd = -1;
	pins->on = false;
}

static int folder_empty(const char *folder)
{
	_cleanup_(closedirp) DIR *dir = opendir(folder);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)))
		if (entry->d_type != DT_DIR && unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			err = -errno;
	return err;
}

static int all_remove(void)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(folders) && err >= 0; i++)
		err = folder_empty(folders[i]);
	return err;
}

/* Ids of the programs that pinned links hold, for programs_wait(). */
static size_t programs_list(uint32_t ids[EVMON_HOOK_MAX])
{
	size_t n = 0;

	for (unsigned hook = 0; hook < EVMON_HOOK_MAX; hook++) {
		_cleanup_(closep) int fd = -1;
		struct bpf_link_info info = { 0 };
		uint32_t size = sizeof(info);
		char path[PATH_BYTES];

		if (!hook_get((enum evmon_hook)hook))
			continue;
		link_path(path, (enum evmon_hook)hook);
		fd = bpf_obj_get(path);
		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
			ids[n++] = info.prog_id;
	}
	return n;
}

/* A file of bpffs goes when it is removed, what it held some milliseconds later: until then a hook
 * that denies goes on to. Its program goes last. Who may not look programs up does not wait. */
static void programs_wait(const uint32_t ids[], size_t n)
{
	const struct itimerspec each_ms = { { 0, 1000000 }, { 0, 1000000 } };
	_cleanup_(closep) int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	uint64_t ms = 0, more;

	if (timer < 0 || timerfd_settime(timer, 0, &each_ms, NULL) < 0)
		return;
	while (n && ms < UNLOAD_MS) {
		_cleanup_(closep) int fd = bpf_prog_get_fd_by_id(ids[n - 1]);

		if (fd < 0)
			n--;
		else if (read(timer, &more, sizeof(more)) == sizeof(more))
			ms += more;
	}
}

int kernel_unload(void)
{
	_cleanup_(closep) int fd = -1;
	uint32_t ids[EVMON_HOOK_MAX];
	struct stat st;
	size_t n;
	int err = directory_lock(&fd);

	if (err < 0)
		return err;
	n = programs_list(ids);
	err = all_remove();
	if (err < 0)
		return err;
	programs_wait(ids, n);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (rmdir(folders[i]) < 0 && errno != ENOENT)
			return -errno;
	/* Somebody else's was made for a user who cannot make it. */
	if (fstat(fd, &st) == 0 && st.st_uid != geteuid())
		return 0;
	return rmdir(KERNEL_PINS_DIR) < 0 ? -errno : 0;
}

int pins_map_put(const struct pins *pins, const char *name, int fd)
{
	char path[PATH_BYTES];

	if (!pins->on)
		return 0;
	path_of(path, "maps", name);
	return bpf_obj_pin(fd, path) < 0 ? -errno : 0;
}

int pins_map_get(const struct pins *pins, const char *name, int *ret_fd)
{
	char path[PATH_BYTES];

	if (!pins->on)
		return -ENOENT;
	path_of(path, "maps", name);
	*ret_fd = bpf_obj_get(path);
	return *ret_fd < 0 ? -errno : 0;
}

/* What makes a tally's bytes mean what they mean, and a program do what it does. */
static void build_of(const struct kernel *kernel, char hex[HASH_HEX])
{
	struct {
		char object[HASH_HEX];
		struct skeleton_constants constants;
		char version[64];
	} all = { .constants = kernel->skeleton->constants, .version = EVMON_VERSION };

	skeleton_hash(kernel->skeleton, all.object);
	hash_hex(&all, sizeof(all), hex);
}

/* The build is a map's name in bpffs: there is nothing to read, and it cannot be half written. */
static void build_name(const struct kernel *kernel, char name[NAME_BYTES])
{
	char hex[HASH_HEX];

	build_of(kernel, hex);
	snprintf(name, NAME_BYTES, "build-%.16s", hex);
}

/* Nothing was there, or a daemon of another build. */
static int others_remove(struct pins *pins)
{
	_cleanup_(closedirp) DIR *dir = opendir(KERNEL_PINS_DIR "/maps");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			pins->outdated = true;
	return all_remove();
}

bool kernel_outdated(const struct kernel *kernel)
{
	return kernel->pins.outdated;
}

bool kernel_is_pinned(const struct kernel *kernel)
{
	return kernel->pins.on;
}

const char *kernel_pins_error(const struct kernel *kernel)
{
	return kernel->pins.error;
}

static int maps_reuse(struct kernel *kernel)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, kernel->skeleton->obj) {
		_cleanup_(closep) int fd = -1;

		if (!bpf_map__autocreate(map))
			continue;
		err = pins_map_get(&kernel->pins, bpf_map__name(map), &fd);
		if (!err)
			err = bpf_map__reuse_fd(map, fd);
		if (err)
			return err;
	}
	return 0;
}

int pins_adopt(struct kernel *kernel)
{
	struct pins *pins = &kernel->pins;
	_cleanup_(closep) int fd = -1;
	char name[NAME_BYTES];
	int err;

	pins->adopted = false;
	if (!pins->on)
		return 0;
	build_name(kernel, name);
	err = pins_map_get(pins, name, &fd);
	if (err == -ENOENT)
		return others_remove(pins);
	if (!err)
		err = maps_reuse(kernel);
	if (!err) {
		pins->adopted = true;
		return 0;
	}
	snprintf(pins->why, sizeof(pins->why), "a map of the daemon before is gone: %s",
		 strerror(-err));
	all_remove();
	return -EAGAIN;
}

int pins_maps(struct kernel *kernel)
{
	struct bpf_map *map;
	char name[NAME_BYTES];
	int err = 0;

	if (!kernel->pins.on || kernel->pins.adopted)
		return 0;
	bpf_object__for_each_map(map, kernel->skeleton->obj) {
		if (bpf_map__fd(map) >= 0)
			err = pins_map_put(&kernel->pins, bpf_map__name(map), bpf_map__fd(map));
		if (err)
			return err;
	}
	/* From here on there is something to take over. */
	build_name(kernel, name);
	return pins_map_put(&kernel->pins, name, kernel->kept.fds[KEPT_STATE]);
}

bool pins_has_link(const struct kernel *kernel, enum evmon_hook hook)
{
	char path[PATH_BYTES];

	if (!kernel->pins.adopted || !hook_get(hook))
		return false;
	link_path(path, hook);
	return access(path, F_OK) == 0;
}

int pins_link(struct kernel *kernel, enum evmon_hook hook)
{
	char path[PATH_BYTES];

	if (!pins_has_link(kernel, hook))
		return -ENOENT;
	link_path(path, hook);
	kernel->links[hook] = bpf_link__open(path);
	if (!kernel->links[hook])
		return -errno;
	path_of(path, "programs", hook_get(hook)->program);
	kernel->programs[hook] = bpf_obj_get(path);
	kernel->pins.links[hook] = true;
	return 0;
}

static int link_keep(struct kernel *kernel, enum evmon_hook hook, const struct bpf_program *program)
{
	char path[PATH_BYTES];

	path_of(path, "programs", hook_get(hook)->program);
	unlink(path);
	if (bpf_obj_pin(bpf_program__fd(program), path) < 0)
		return -errno;
	link_path(path, hook);
	unlink(path);
	return bpf_obj_pin(bpf_link__fd(kernel->links[hook]), path) < 0 ? -errno : 0;
}

void pins_keep(struct kernel *kernel, enum evmon_hook hook, const struct bpf_program *program)
{
	struct pins *pins = &kernel->pins;
	size_t used = strlen(pins->error);
	int err;

	if (!pins->on)
		return;
	err = link_keep(kernel, hook, program);
	pins->links[hook] = !err;
	if (err)
		snprintf(pins->error + used, sizeof(pins->error) - used, "%s%s",
			 used ? ", " : "cannot be pinned: ", hook_get(hook)->program);
}

void pins_forget(struct kernel *kernel, enum evmon_hook hook)
{
	char path[PATH_BYTES];

	if (!kernel->pins.on || !hook_get(hook))
		return;
	kernel->pins.links[hook] = false;
	link_path(path, hook);
	unlink(path);
	path_of(path, "programs", hook_get(hook)->program);
	unlink(path);
	closep(&kernel->programs[hook]);
	kernel->programs[hook] = -1;
}

void pins_prune(struct kernel *kernel)
{
	for (unsigned hook = 0; hook < EVMON_HOOK_MAX; hook++)
		if (!kernel->links[hook])
			pins_forget(kernel, (enum evmon_hook)hook);
}

int pins_policy(struct kernel *kernel)
{
	char path[PATH_BYTES], next[PATH_BYTES];
	int err;

	if (!kernel->pins.on)
		return 0;
	path_of(path, "maps", POLICY_PIN);
	path_of(next, "maps", POLICY_PIN "-next");
	unlink(next);
	err = pins_map_put(&kernel->pins, POLICY_PIN "-next", kernel->policy_fd);
	if (err < 0)
		return err;
	return rename(next, path) < 0 ? -errno : 0;
}

/* What is pinned there is what `fd` is. */
static bool is_same(const char *path, int fd)
{
	_cleanup_(closep) int pinned = bpf_obj_get(path);
	struct bpf_map_info ours = { 0 }, theirs = { 0 };
	uint32_t size = sizeof(ours), size2 = sizeof(theirs);

	/* An object's id is in the same place whatever it is: the second word. */
	return pinned >= 0 && bpf_obj_get_info_by_fd(fd, &ours, &size) == 0 &&
	       bpf_obj_get_info_by_fd(pinned, &theirs, &size2) == 0 && ours.id == theirs.id &&
	       ours.type == theirs.type;
}

/* The directory itself may have been taken away, and with it the lock. */
static void directory_mend(struct pins *pins)
{
	struct stat locked, there;

	if (mkdir(KERNEL_PINS_DIR, 0700) < 0 && errno != EEXIST)
		return;
	if (fstat(pins->lock_fd, &locked) < 0 || stat(KERNEL_PINS_DIR, &there) < 0 ||
	    locked.st_ino != there.st_ino) {
		closep(&pins->lock_fd);
		if (directory_lock(&pins->lock_fd) < 0)
			pins->lock_fd = -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		mkdir(folders[i], 0700);
}

static bool mend(const char *path, int fd, char why[KERNEL_REASON_MAX])
{
	size_t used = strlen(why);

	if (fd < 0 || is_same(path, fd))
		return false;
	snprintf(why + used, KERNEL_REASON_MAX - used, "%s%s",
		 used ? ", " : "unpinned: ", path + strlen(KERNEL_PINS_DIR "/"));
	unlink(path);
	if (bpf_obj_pin(fd, path) < 0)
		log_err("%s: cannot pin it again: %s", path, strerror(errno));
	return true;
}

bool kernel_pins_mend(struct kernel *kernel, char ret_why[KERNEL_REASON_MAX])
{
	char path[PATH_BYTES];
	struct bpf_map *map;
	bool mended = false;

	ret_why[0] = '\0';
	if (!kernel->pins.on)
		return false;
	directory_mend(&kernel->pins);
	for (unsigned hook = 0; hook < EVMON_HOOK_MAX; hook++)
		if (kernel->pins.links[hook]) {
			link_path(path, (enum evmon_hook)hook);
			mended |= mend(path, bpf_link__fd(kernel->links[hook]), ret_why);
		}
	bpf_object__for_each_map(map, kernel->skeleton->obj) {
		path_of(path, "maps", bpf_map__name(map));
		mended |= mend(path, bpf_map__fd(map), ret_why);
	}
	return mended;
}
