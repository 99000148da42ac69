// SPDX-License-Identifier: Apache-2.0
/*
 * A hook's trial: six instructions that count their own runs are loaded and attached as the real
 * program would be. Versions and feature flags say too little: distributions patch them, arm64
 * before 6.4 loads trampolines and fails to attach them (-ENOTSUPP 524), and LSM programs attach
 * without error where the lsm list lacks `bpf`, and never run. So an LSM hook is provoked, too.
 */
#include "kernel/trial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "base/capability.h"
#include "base/macros.h"

#ifndef ENOTSUPP
#define ENOTSUPP 524 /* the kernel's own, not user space's ENOTSUP */
#endif

static const char step_map[] = "create a map";

static const char *error_text(int err, char *buffer, size_t size)
{
	if (err == -ENOTSUPP)
		return "not supported on this architecture or kernel";
	snprintf(buffer, size, "%s", strerror(-err));
	return buffer;
}

/* -EPERM is what a kernel says that was built or patched to refuse some programs to everybody, too:
 * root would look for a missing right in vain. */
static void not_permitted(const struct hook *hook, const char *step, char *reason, size_t size)
{
	const char *who = "this kernel or the container refuses BPF";
	char missing[64];

	if (trial_missing_rights(hook, missing, sizeof(missing))) {
		snprintf(reason, size, "%s: not permitted, missing %s", step, missing);
		return;
	}
	if (strcmp(step, step_map) != 0)
		who = hook_on_trampoline(hook) ? "this kernel refuses programs on trampolines" :
						 "this kernel refuses such programs";
	snprintf(reason, size, "%s: not permitted, though no right is missing: %s", step, who);
}

static int refused(const struct hook *hook, const char *step, int err, char *reason, size_t size)
{
	char text[64];

	if (err == -EPERM)
		not_permitted(hook, step, reason, size);
	else
		snprintf(reason, size, "%s: %s", step, error_text(err, text, sizeof(text)));
	return err;
}

/* The BTF id of what the hook attaches to. */
static int target_id(const struct trial *trial, const struct hook *hook)
{
	char name[128];

	if (hook->attach == BPF_TRACE_RAW_TP) {
		snprintf(name, sizeof(name), "btf_trace_%s", hook->target);
		return btf__find_by_name_kind(trial->btf, name, BTF_KIND_TYPEDEF);
	}
	snprintf(name, sizeof(name), "%s%s",
		 hook->attach == BPF_LSM_MAC	? "bpf_lsm_" :
		 hook->attach == BPF_TRACE_ITER ? "bpf_iter_" :
						  "",
		 hook->target);
	return btf__find_by_name_kind(trial->btf, name, BTF_KIND_FUNC);
}

static int load(const struct hook *hook, int btf_id, int map_fd)
{
	int allow = hook->target ? 0 : 1; /* cgroup programs say 1 for yes */
	struct bpf_insn code[] = {
		{ .code = BPF_LD | BPF_DW, /* in mode BPF_IMM, which is 0 */
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = map_fd },
		{ .code = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 1 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW,
		  .dst_reg = 1,
		  .src_reg = 2,
		  .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = allow },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = hook->attach,
		    .attach_btf_id = (__u32)btf_id);
	int fd = bpf_prog_load(hook->type, "evmon_trial", "Dual BSD/GPL", code, ARRAY_SIZE(code),
			       &options);

	return fd < 0 ? -errno : fd;
}

static int attach(const struct trial *trial, const struct hook *hook, int program_fd)
{
	int fd;

	if (hook_is_kprobe(hook) || hook->type == BPF_PROG_TYPE_TRACEPOINT)
		return trial_attach_perf(hook, program_fd);
	if (!hook->target)
		fd = bpf_link_create(program_fd, trial->cgroup_fd, hook->attach, NULL);
	else if (hook->attach == BPF_TRACE_ITER)
		fd = bpf_link_create(program_fd, 0, hook->attach, NULL);
	else
		fd = bpf_raw_tracepoint_open(hook->nobtf ? hook->target : NULL, program_fd);
	return fd < 0 ? -errno : fd;
}

/* What every LSM hook of ours would see: a binding, and a right that whoever loads BPF has (maps of
 * this type are for CAP_BPF alone). */
static void provoke(void)
{
	_cleanup_(closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int map_fd = bpf_map_create(BPF_MAP_TYPE_LRU_HASH, "evmon_trial", 4, 4, 1, NULL);
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	closep(&map_fd);
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return;
}

int trial_hook(const struct trial *trial, enum evmon_hook id, char *reason, size_t size)
{
	const struct hook *hook = hook_get(id);
	_cleanup_(closep) int map_fd = -1, program_fd = -1, link_fd = -1;
	__u64 runs = 0;
	__u32 zero = 0;
	int btf_id = 0;

	if (!hook) /* user space does it */
		return 0;
	if (!hook->target && trial->cgroup_fd < 0)
		return refused(hook, "no unified cgroup hierarchy is mounted", -ENOENT, reason,
			       size);
	if (hook_wants_btf(hook) && !trial->btf) {
		snprintf(reason, size, "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)");
		return -ENOTSUP;
	}
	if (hook_wants_btf(hook) && !hook_is_kprobe(hook)) {
		btf_id = target_id(trial, hook);
		if (btf_id < 0)
			return refused(hook, "not in this kernel's BTF", -ENOENT, reason, size);
	}
	map_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "evmon_trial", sizeof(zero), sizeof(runs), 1,
				NULL);
	if (map_fd < 0)
		return refused(hook, step_map, -errno, reason, size);
	program_fd = load(hook, btf_id, map_fd);
	if (program_fd < 0)
		return refused(hook, "load", program_fd, reason, size);
	link_fd = attach(trial, hook, program_fd);
	if (link_fd < 0)
		return refused(hook, "attach", link_fd, reason, size);
	if (hook->attach != BPF_LSM_MAC || hook->unprovoked)
		return 0;
	/* That is one question for all of them: this one is not easily provoked, others are. */
	if (id == EVMON_HOOK_LSM_BPRM_CREDS)
		return trial_hook(trial, EVMON_HOOK_LSM_SOCKET_BIND, reason, size);
	provoke();
	if (bpf_map_lookup_elem(map_fd, &zero, &runs) < 0 || !runs) {
		snprintf(reason, size, "attaches and never runs: the kernel's lsm list lacks bpf");
		return -ENOTSUP;
	}
	return 0;
}

bool trial_missing_rights(const struct hook *hook, char *text, size_t size)
{
	/* Cgroup programs count as network administration, all others see kernel memory; perf,
	 * which kprobes hang on, is for CAP_SYS_ADMIN alone on Debian (perf_event_paranoid 3). */
	const unsigned kernel_right = hook_is_kprobe(hook) ? CAP_SYS_ADMIN : CAP_PERFMON;
	const unsigned wanted[] = { CAP_BPF, hook->target ? kernel_right : CAP_NET_ADMIN };
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	size_t at = 0;

	text[0] = '\0';
	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	if (data[0].effective >> CAP_SYS_ADMIN & 1)
		return false; /* covers them */
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		unsigned n = wanted[i];

		if (data[n / 32].effective >> (n % 32) & 1 || at >= size)
			continue;
		at += (size_t)snprintf(text + at, size - at, "%s%s", at ? " " : "",
				       capability_name(n));
	}
	return at > 0;
}

/* int main(int *), and int callee(int *), which it calls; the type of callee, 0 if it fails. */
static int callee_describe(struct btf *btf, int *ret_main)
{
	int number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int pointer = btf__add_ptr(btf, number);
	int proto = btf__add_func_proto(btf, number);

	if (btf__add_func_param(btf, "pointer", pointer) < 0)
		return 0;
	*ret_main = btf__add_func(btf, "main", BTF_FUNC_GLOBAL, proto);
	return btf__add_func(btf, "callee", BTF_FUNC_GLOBAL, proto);
}

bool trial_pointer_arguments(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD, .dst_reg = 1, .imm = -8 }, /* BPF_K is 0 */
		{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct btf *btf = btf__new_empty();
	struct bpf_func_info functions[] = { { .insn_off = 0 }, { .insn_off = 5 } };
	LIBBPF_OPTS(bpf_prog_load_opts, options, .func_info = functions,
		    .func_info_cnt = ARRAY_SIZE(functions),
		    .func_info_rec_size = sizeof(functions[0]));
	_cleanup_(closep) int fd = -1;
	int main_id = 0;
	int callee_id;

	if (!btf)
		return true;
	callee_id = callee_describe(btf, &main_id);
	if (main_id > 0 && callee_id > 0 && btf__load_into_kernel(btf) == 0) {
		functions[0].type_id = (__u32)main_id;
		functions[1].type_id = (__u32)callee_id;
		options.prog_btf_fd = (__u32)btf__fd(btf);
		fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "evmon_trial", "Dual BSD/GPL", code,
				   ARRAY_SIZE(code), &options);
	}
	btf__free(btf);
	return fd >= 0;
}
