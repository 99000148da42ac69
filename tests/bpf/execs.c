// SPDX-License-Identifier: Apache-2.0
/*
 * The ways of a kernel to execute a program: by path, by an open file, below an open folder, by
 * one that has no name (an unlinked one, a memfd), out of a thread that is not the leader, and a
 * program of the 32-bit ABI, which is a few bytes that only exit.
 */
#include "execs.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct program {
	const char *how, *file;
	char *argv[2];
};

static int exec_file(int fd, const struct program *p)
{
	char *const none[] = { NULL };

	if (fd >= 0)
		syscall(SYS_execveat, fd, "", p->argv, none, AT_EMPTY_PATH);
	return errno;
}

static int exec_memfd(const struct program *p)
{
	int from = open(p->file, O_RDONLY | O_CLOEXEC);
	int to = memfd_create("hidden", MFD_CLOEXEC);
	struct stat st;

	if (from < 0 || to < 0 || fstat(from, &st) < 0 ||
	    sendfile(to, from, NULL, (size_t)st.st_size) != st.st_size)
		return errno;
	return exec_file(to, p);
}

static int exec_below(const struct program *p)
{
	char *const none[] = { NULL };
	const char *name = strrchr(p->file, '/');
	char folder[256];
	int fd;

	snprintf(folder, sizeof(folder), "%.*s", (int)(name - p->file), p->file);
	fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		syscall(SYS_execveat, fd, name + 1, p->argv, none, 0);
	return errno;
}

#ifdef __aarch64__
enum {
	MACHINE_32 = EM_ARM,
	FLAGS_32 = EF_ARM_EABI_VER5
};
/* mov r0, #0; mov r7, #1; svc 0: exit(0) */
static const unsigned char code_32[] = { 0x00, 0x00, 0xa0, 0xe3, 0x01, 0x70,
					 0xa0, 0xe3, 0x00, 0x00, 0x00, 0xef };
#else
enum {
	MACHINE_32 = EM_386,
	FLAGS_32 = 0
};
/* xor ebx, ebx; xor eax, eax; inc eax; int 0x80: exit(0) */
static const unsigned char code_32[] = { 0x31, 0xdb, 0x31, 0xc0, 0x40, 0xcd, 0x80 };
#endif

static int exec_32(const struct program *p)
{
	const uint32_t base = 0x8048000, start = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr);
	const Elf32_Ehdr head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, 1 },
				  .e_type = ET_EXEC,
				  .e_machine = MACHINE_32,
				  .e_version = 1,
				  .e_entry = base + start,
				  .e_phoff = sizeof(Elf32_Ehdr),
				  .e_flags = FLAGS_32,
				  .e_ehsize = sizeof(Elf32_Ehdr),
				  .e_phentsize = sizeof(Elf32_Phdr),
				  .e_phnum = 1 };
	const Elf32_Phdr segment = { .p_type = PT_LOAD,
				     .p_vaddr = base,
				     .p_paddr = base,
				     .p_filesz = start + sizeof(code_32),
				     .p_memsz = start + sizeof(code_32),
				     .p_flags = PF_R | PF_X,
				     .p_align = 0x1000 };
	int fd = open(p->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	if (fd < 0 || write(fd, &head, sizeof(head)) < 0 ||
	    write(fd, &segment, sizeof(segment)) < 0 || write(fd, code_32, sizeof(code_32)) < 0 ||
	    close(fd) < 0)
		return errno;
	execv(p->file, p->argv);
	return errno;
}

static void *exec_in_thread(void *userdata)
{
	const struct program *p = userdata;

	execv(p->file, p->argv);
	return NULL;
}

static int exec_program(struct program *p)
{
	pthread_t thread;
	int fd = -1;

	if (!strcmp(p->how, "memfd"))
		return exec_memfd(p);
	if (!strcmp(p->how, "below"))
		return exec_below(p);
	if (!strcmp(p->how, "32"))
		return exec_32(p);
	if (!strcmp(p->how, "thread")) {
		if (pthread_create(&thread, NULL, exec_in_thread, p) == 0)
			pthread_join(thread, NULL);
		return ECHILD;
	}
	if (!strcmp(p->how, "fd") || !strcmp(p->how, "gone"))
		fd = open(p->file, O_PATH); /* stays open: a script's interpreter needs it */
	if (!strcmp(p->how, "gone"))
		unlink(p->file);
	if (fd >= 0)
		return exec_file(fd, p);
	if (!strcmp(p->how, "jail") && (chroot(p->file) < 0 || chdir("/") < 0))
		return errno;
	execv(strcmp(p->how, "jail") != 0 ? p->file : "/manager", p->argv);
	return errno;
}

static int text_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = fd < 0 || write(fd, text, strlen(text)) < 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

static int userns_root(void)
{
	char map[64];

	snprintf(map, sizeof(map), "0 %u 1", (unsigned)getuid());
	if (unshare(CLONE_NEWUSER) < 0)
		return errno;
	return text_write("/proc/self/uid_map", map);
}

static int mount_over(const char *from, const char *to)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(from, to, NULL, MS_BIND, NULL) < 0)
		return errno;
	return 0;
}

static int child_run(struct program *p)
{
	int ends[2], err = 0, status = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return errno;
	pid = fork();
	if (pid == 0) {
		err = exec_program(p);
		_exit(write(ends[1], &err, sizeof(err)) == sizeof(err) ? 1 : 2);
	}
	close(ends[1]);
	if (pid < 0 || read(ends[0], &err, sizeof(err)) < 0)
		err = errno;
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		return EXECS_KILLED + WTERMSIG(status);
	return !err && WEXITSTATUS(status) ? ECHILD : err;
}

int execs_run(char *const *words)
{
	struct program p = { words[0], words[1], { words[2], NULL } };

	if (!strcmp(p.how, "nsroot"))
		return userns_root();
	if (!strcmp(p.how, "mount"))
		return mount_over(p.file, p.argv[0]);
	return child_run(&p);
}
