// SPDX-License-Identifier: Apache-2.0
/*
 * The contract's words for what an object holds (docs/alert.schema.json lists the same ones). A
 * value without a word, as a protocol that evmon does not know, is null in JSON.
 */
#include "alert/names.h"

#include "base/macros.h"

#define NAME_OF(table, value) ((unsigned)(value) < ARRAY_SIZE(table) ? (table)[value] : NULL)

const char *proto_name(enum evmon_proto proto)
{
	static const char *const names[] = {
		[EVMON_PROTO_TCP] = "tcp",     [EVMON_PROTO_UDP] = "udp",
		[EVMON_PROTO_SCTP] = "sctp",   [EVMON_PROTO_UDPLITE] = "udplite",
		[EVMON_PROTO_MPTCP] = "mptcp",
	};

	return NAME_OF(names, proto);
}

const char *family_name(enum evmon_family family)
{
	static const char *const names[] = {
		[EVMON_FAMILY_IPV4] = "ipv4",
		[EVMON_FAMILY_IPV6] = "ipv6",
	};

	return NAME_OF(names, family);
}

const char *scope_name(enum evmon_scope scope)
{
	static const char *const names[] = {
		[EVMON_SCOPE_LOOPBACK] = "loopback",
		[EVMON_SCOPE_INTERFACE] = "interface",
		[EVMON_SCOPE_ANY] = "any",
	};

	return NAME_OF(names, scope);
}

const char *bind_how_name(enum evmon_bind_how how)
{
	static const char *const names[] = {
		[EVMON_BIND_BIND] = "bind",
		[EVMON_BIND_LISTEN] = "listen",
		[EVMON_BIND_AUTO] = "auto",
		[EVMON_BIND_HELD] = "held",
	};

	return NAME_OF(names, how);
}

const char *capability_kind_name(enum evmon_capability_kind kind)
{
	static const char *const names[] = {
		[EVMON_CAPABILITY_USED] = "used",
		[EVMON_CAPABILITY_DENIED] = "denied",
		[EVMON_CAPABILITY_HELD] = "held",
	};

	return NAME_OF(names, kind);
}

const char *exec_how_name(enum evmon_exec_how how)
{
	static const char *const names[] = {
		[EVMON_EXEC_EXEC] = "exec",	[EVMON_EXEC_SETUID] = "setuid",
		[EVMON_EXEC_SETGID] = "setgid", [EVMON_EXEC_FCAPS] = "fcaps",
		[EVMON_EXEC_CREDS] = "creds",
	};

	return NAME_OF(names, how);
}
