// SPDX-License-Identifier: Apache-2.0
/*
 * The forms of single values. Everything is text until it stands here, so YAML's own readings never
 * apply: `010` is no octal, `0x16` and `1_000` are no numbers, `no` is a word. A number with a
 * leading zero is refused rather than read, since half of its readers would take it for octal.
 */
#include "policy/scalars.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "base/macros.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = {
	{ "s", 1000000000ull },
	{ "m", 60 * 1000000000ull },
	{ "h", 3600 * 1000000000ull },
	{ "d", 86400 * 1000000000ull },
};

static const struct unit sizes[] = {
	{ "KiB", 1ull << 10 },
	{ "MiB", 1ull << 20 },
	{ "GiB", 1ull << 30 },
};

/* Digits from the start of text; *ret_end is what follows them. */
static int digits_parse(const char *text, uint64_t *ret_number, const char **ret_end)
{
	uint64_t number = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
			return -ERANGE;
	if (at == text || (*text == '0' && at - text > 1))
		return -EINVAL;
	*ret_number = number;
	*ret_end = at;
	return 0;
}

int number_parse(const char *text, uint64_t *ret_number)
{
	const char *end;
	uint64_t number;
	int err = digits_parse(text, &number, &end);

	if (err < 0)
		return err;
	if (*end)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

static int scaled_parse(const char *text, const struct unit *units, size_t n, uint64_t *ret)
{
	const char *end;
	uint64_t number;
	int err = digits_parse(text, &number, &end);

	if (err < 0)
		return err;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(end, units[i].name))
			return __builtin_mul_overflow(number, units[i].factor, ret) ? -ERANGE : 0;
	return -EINVAL;
}

int duration_parse(const char *text, uint64_t *ret_ns)
{
	return scaled_parse(text, durations, ARRAY_SIZE(durations), ret_ns);
}

int size_parse(const char *text, uint64_t *ret_bytes)
{
	return scaled_parse(text, sizes, ARRAY_SIZE(sizes), ret_bytes);
}

int port_range_parse(const char *text, struct port_range *ret_range)
{
	uint64_t first, last;
	const char *end;
	int err = digits_parse(text, &first, &end);

	if (err < 0)
		return err;
	last = first;
	if (*end == '-')
		err = number_parse(end + 1, &last);
	else if (*end)
		return -EINVAL;
	if (err < 0)
		return err;
	if (!first || last > UINT16_MAX || first > last)
		return -ERANGE;
	*ret_range = (struct port_range){ (uint16_t)first, (uint16_t)last };
	return 0;
}

const char *path_check(const char *text)
{
	return *text == '/' && strlen(text) < PATH_MAX ? NULL : "an absolute path";
}

const char *path_or_empty_check(const char *text)
{
	return *text ? path_check(text) : NULL;
}

static bool consists_of(const char *text, const char *others)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(others, *text))
			return false;
	return true;
}

static bool ends_in(const char *text, const char *suffix)
{
	size_t n = strlen(text), ns = strlen(suffix);

	return n > ns && !strcmp(text + n - ns, suffix);
}

const char *unit_check(const char *text)
{
	bool kind = ends_in(text, ".service") || ends_in(text, ".scope") || ends_in(text, ".slice");

	if (kind && consists_of(text, ":-_.\\@") && strlen(text) < POLICY_NAME_MAX)
		return NULL;
	return "a systemd unit (NAME.service, NAME.scope or NAME.slice, at most 63 bytes)";
}

/* As EVerest's own schema has it. */
const char *module_name_check(const char *text)
{
	if ((isalpha((unsigned char)*text) || *text == '_') && consists_of(text, "_.-") &&
	    strlen(text) < POLICY_NAME_MAX)
		return NULL;
	return "a module's name (letters, digits, _ . -, at most 63 bytes)";
}

static bool is_hex(const char *text, size_t digits)
{
	if (strlen(text) != digits)
		return false;
	for (; *text; text++)
		if (!isxdigit((unsigned char)*text))
			return false;
	return true;
}

const char *hex4_check(const char *text)
{
	return is_hex(text, 4) ? NULL : "four hexadecimal digits";
}

const char *hex2_check(const char *text)
{
	return is_hex(text, 2) ? NULL : "two hexadecimal digits";
}

static const char *skip_digits(const char *text)
{
	while (*text >= '0' && *text <= '9')
		text++;
	return text;
}

/* BUS-PORT[.PORT...], as the kernel names devices in /sys/bus/usb/devices. */
const char *usb_port_check(const char *text)
{
	static const char *const form =
		"a USB port as the kernel names it (1-1.3, at most 31 bytes)";
	const char *at = skip_digits(text);
	char before = '-';

	if (at == text || strlen(text) > 31)
		return form;
	while (*at == before) {
		const char *end = skip_digits(at + 1);

		if (end == at + 1)
			return form;
		at = end;
		before = '.';
	}
	return *at || before == '-' ? form : NULL;
}

const char *nonempty_check(const char *text)
{
	return *text ? NULL : "a name";
}

/* HOST or HOST:PORT, the host in brackets where it is an IPv6 address. */
static bool is_authority(const char *text)
{
	const char *end = *text == '[' ? strchr(text, ']') : text + strcspn(text, ":");
	struct port_range port;
	char host[256];
	size_t n;

	if (!end)
		return false;
	end += *end == ']';
	n = (size_t)(end - text);
	if (!n || n >= sizeof(host))
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	if (!consists_of(host, *text == '[' ? "[]:.%" : "-._"))
		return false;
	return !*end || (*end == ':' && !strchr(end, '-') && !port_range_parse(end + 1, &port));
}

const char *broker_url_check(const char *text)
{
	static const char *const form =
		"auto, unix:/PATH, mqtt://HOST[:PORT] or mqtts://HOST[:PORT]";

	if (!strcmp(text, "auto"))
		return NULL;
	if (!strncmp(text, "unix:/", 6))
		return strlen(text + 5) < sizeof(((struct sockaddr_un *)0)->sun_path) ?
			       NULL :
			       "a socket's path (at most 107 bytes)";
	if (!strncmp(text, "mqtt://", 7))
		return is_authority(text + 7) ? NULL : form;
	if (!strncmp(text, "mqtts://", 8))
		return is_authority(text + 8) ? NULL : form;
	return form;
}

/* evmon never writes where EVerest reads: with access to its topics one can drive a charger. */
const char *topic_prefix_check(const char *text)
{
	size_t first = strcspn(text, "/");

	if (!first || ends_in(text, "/") || strpbrk(text, "+#") || strstr(text, "//") ||
	    *text == '$')
		return "a topic prefix (words with / between them, no wildcards)";
	if (!strncmp(text, "everest", MAX(first, strlen("everest"))) ||
	    !strncmp(text, "everest_api", MAX(first, strlen("everest_api"))))
		return "allowed: everest/ and everest_api/ are EVerest's own";
	return NULL;
}

/* clang-format off */
const struct form path_form = { .check = path_check, .pattern = "^/.*$" };
const struct form path_or_empty_form = { .check = path_or_empty_check, .pattern = "^(/.*)?$" };
const struct form unit_form = {
	.check = unit_check, .pattern = "^[A-Za-z0-9:_.\\\\@-]+\\.(service|scope|slice)$"
};
const struct form module_name_form = {
	.check = module_name_check, .pattern = "^" MODULE_NAME_PATTERN "$"
};
const struct form hex4_form = {
	.check = hex4_check, .pattern = "^[0-9A-Fa-f]{4}$", .may_be_number = true
};
const struct form hex2_form = {
	.check = hex2_check, .pattern = "^[0-9A-Fa-f]{2}$", .may_be_number = true
};
const struct form usb_port_form = {
	.check = usb_port_check, .pattern = "^[0-9]+-[0-9]+(\\.[0-9]+)*$"
};
const struct form nonempty_form = {
	.check = nonempty_check, .pattern = "^.+$", .may_be_number = true
};
const struct form broker_url_form = {
	.check = broker_url_check,
	.pattern = "^(auto|unix:/.{0,106}|mqtts?://([A-Za-z0-9._-]{1,255}|\\[[A-Za-z0-9:.%\\[]*\\])"
		   "(:" PORT_PATTERN ")?)$"
};
const struct form topic_prefix_form = {
	.check = topic_prefix_check,
	.pattern = "^(?!everest(_api)?(/|$))[^$/+#][^/+#]*(/[^/+#]+)*$", .may_be_number = true
};
/* clang-format on */
