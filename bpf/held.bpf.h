/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * Which sockets are counted already: one is found as often as somebody looks at what is open, or is
 * handed it once more, and counts once for each instance that has it. The inode number tells
 * sockets apart, wherever a hook comes to the file; hooks of cgroups do not, and go by the cookie.
 */
#include "maps.bpf.h"

#define EEXIST 17

/* Sockets that are counted against a rule; the value is 1 if as held, or SOCKET_SCOPE. Written by
 * hooks and iter/task_file. LRU: sockets close unseen. One that falls out and is found again counts
 * again; nothing goes uncounted. */
struct evmon_sockets_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EVMON_SOCKETS);
	__type(key, struct evmon_socket_key);
	__type(value, __u32);
};
extern struct evmon_sockets_map evmon_sockets SEC(".maps");

/* What is counted of the socket by its cookie, if anything is. */
static __always_inline bool socket_known_by_cookie(struct evmon_socket_key key, __u64 cookie)
{
	key.socket = cookie | EVMON_SOCKET_COOKIE;
	return cookie && bpf_map_lookup_elem(&evmon_sockets, &key);
}

/* Marks it; false: it is counted already, by whatever way it was found. */
static __always_inline bool socket_first_held(const struct evmon_socket_key *key, __u64 cookie)
{
	__u32 held = 1;

	if (socket_known_by_cookie(*key, cookie))
		return false;
	return map_error(bpf_map_update_elem(&evmon_sockets, key, &held, BPF_NOEXIST)) != -EEXIST;
}

/* An SCTP socket has as many addresses as it is given, all at one port: it counts anew only for one
 * by which it is more exposed than before. */
#define SOCKET_SCOPE(scope) (((scope) + 1) << 1)

static __always_inline bool socket_first_exposed(const struct evmon_socket_key *key, __u32 scope)
{
	__u32 *known = bpf_map_lookup_elem(&evmon_sockets, key);
	__u32 value = SOCKET_SCOPE(scope);

	if (known && (*known == 1 || *known >= value))
		return false;
	bpf_map_update_elem(&evmon_sockets, key, &value, BPF_ANY);
	return true;
}

/* Marks one that is bound now; false: whoever looked between the kernel's yes and the hook has
 * found and counted it. A socket may be bound again, after it was disconnected. */
static __always_inline bool socket_first_bound(const struct evmon_socket_key *key)
{
	__u32 *known = bpf_map_lookup_elem(&evmon_sockets, key);
	bool counted = known && *known == 1;
	__u32 held = 0;

	bpf_map_update_elem(&evmon_sockets, key, &held, BPF_ANY);
	return !counted;
}
