// SPDX-License-Identifier: Apache-2.0
/*
 * The keys of a policy file, version 1, and where each goes. What a key means is in docs/policy.md;
 * the limits beside durations and sizes are those within which the program has been thought
 * through, not those of the machine.
 */
#include "policy/schema.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/json.h"
#include "policy/bind.h"
#include "policy/document.h"
#include "policy/json_schema.h"
#include "policy/lists.h"
#include "policy/scalars.h"
#include "policy/show.h"

#define SECOND 1000000000ull
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

static const struct choice mirrors[] = { { "journald", 1 }, { "none", 0 }, { NULL, 0 } };
static const struct choice cmdlines[] = { { "short", 0 }, { "full", 1 }, { NULL, 0 } };
static const struct choice baselines[] = { { "first", 0 }, { NULL, 0 } };

static const struct field_type version_type, baseline_type, aggregate_type;

/* clang-format off */
#define MAPPING(name, table) \
	{ .key = (name), .type = &mapping_type, .fields = (table) }
#define TEXT(name, member, look) \
	{ .key = (name), .type = &text_type, .form = &(look), \
	  .offset = offsetof(struct policy, member), .size = sizeof(((struct policy *)0)->member) }
#define CHOICE(name, member, words) \
	{ .key = (name), .type = &choice_type, .choices = (words), \
	  .offset = offsetof(struct policy, member) }
#define DURATION(name, member, least, most, may_be_none) \
	{ .key = (name), .type = &duration_type, .offset = offsetof(struct policy, member), \
	  .min = (least), .max = (most), .none = (may_be_none) }
#define LIST(name, member, kind, look) \
	{ .key = (name), .type = &(kind), .form = (look), \
	  .offset = offsetof(struct policy, member) }
#define END { .key = NULL }

static const struct field everest[] = {
	TEXT("unit", unit, unit_form),
	TEXT("manager", manager, path_form),
	TEXT("modules_dir", modules_dir, path_form),
	TEXT("config", config, path_form),
	DURATION("settle", settle_ns, 0, HOUR, false),
	END
};

static const struct field broker[] = {
	TEXT("exe", broker_exe, path_form),
	END
};

static const struct field capability_severities[] = {
	CHOICE("used", used_severity, severity_choices),
	CHOICE("denied", denied_severity, severity_choices),
	CHOICE("held", held_severity, severity_choices),
	END
};

static const struct field capabilities[] = {
	{ .key = "modules", .type = &modules_type },
	LIST("denied_ignored", denied_ignored, capabilities_type, NULL),
	MAPPING("severity", capability_severities),
	CHOICE("action", capability_action, action_choices),
	END
};

static const struct field exec_root[] = {
	LIST("allow", root_allow, texts_type, &path_form),
	CHOICE("severity", root_severity, severity_choices),
	CHOICE("action", root_action, action_choices),
	END
};

static const struct field exec_shell[] = {
	LIST("allow", shell_allow, texts_type, &module_name_form),
	CHOICE("severity", shell_severity, severity_choices),
	CHOICE("action", shell_action, action_choices),
	END
};

static const struct field exec_admin_panel[] = {
	CHOICE("severity", admin_panel_severity, severity_choices),
	CHOICE("action", admin_panel_action, action_choices),
	END
};

static const struct field exec[] = {
	MAPPING("root", exec_root),
	MAPPING("shell", exec_shell),
	MAPPING("admin_panel", exec_admin_panel),
	END
};

static const struct field usb_severities[] = {
	CHOICE("hid", usb_hid_severity, severity_choices),
	CHOICE("storage", usb_storage_severity, severity_choices),
	CHOICE("other", usb_other_severity, severity_choices),
	END
};

static const struct field usb[] = {
	{ .key = "baseline", .type = &baseline_type, .choices = baselines },
	{ .key = "allow", .type = &usb_allow_type },
	MAPPING("severity", usb_severities),
	CHOICE("action", usb_action, action_choices),
	END
};

static const struct field alert[] = {
	CHOICE("cmdline", cmdline_full, cmdlines),
	END
};

static const struct field aggregate[] = {
	DURATION("window", window_ns, SECOND, DAY, false),
	DURATION("window_max", window_max_ns, SECOND, 30 * DAY, false),
	END
};

static const struct field journal[] = {
	{ .key = "size", .type = &size_type, .offset = offsetof(struct policy, journal_size),
	  .min = 64ull << 10, .max = 64ull << 30 },
	DURATION("max_age", journal_max_age_ns, HOUR, 3653 * DAY, true),
	CHOICE("mirror", journal_mirror, mirrors),
	END
};

static const struct field mqtt[] = {
	TEXT("broker", mqtt_broker, broker_url_form),
	TEXT("station", station, nonempty_form),
	TEXT("prefix", mqtt_prefix, topic_prefix_form),
	TEXT("ca", mqtt_ca, path_or_empty_form),
	TEXT("cert", mqtt_cert, path_or_empty_form),
	TEXT("key", mqtt_key, path_or_empty_form),
	END
};

const struct field policy_fields[] = {
	{ .key = "version", .type = &version_type },
	MAPPING("everest", everest),
	MAPPING("broker", broker),
	{ .key = "bind", .type = &bind_type },
	MAPPING("capabilities", capabilities),
	MAPPING("exec", exec),
	MAPPING("usb", usb),
	MAPPING("alert", alert),
	{ .key = "aggregate", .type = &aggregate_type, .fields = aggregate },
	MAPPING("journal", journal),
	MAPPING("mqtt", mqtt),
	END
};
/* clang-format on */

/* Has been looked at before anything else, see schema_apply(). */
static int read_version(struct reader *reader, const struct field *field, const struct node *value,
			void *base)
{
	(void)reader;
	(void)field;
	(void)value;
	(void)base;
	return 0;
}

/* The one way there is to learn what is normally attached; the key is there to be seen. */
static int read_baseline(struct reader *reader, const struct field *field, const struct node *value,
			 void *base)
{
	unsigned first;

	(void)base;
	(void)choice_read(reader, field->choices, value, &first);
	return 0;
}

static int read_aggregate(struct reader *reader, const struct field *field,
			  const struct node *value, void *base)
{
	const struct policy *policy = reader->policy;
	size_t before = errors_count(reader->errors);
	int err = fields_read(reader, field->fields, value, base);

	if (!err && errors_count(reader->errors) == before &&
	    policy->window_max_ns < policy->window_ns)
		reader_error(reader, value,
			     "\"window_max\" (%llus) is shorter than \"window\" (%llus)",
			     policy->window_max_ns / SECOND, policy->window_ns / SECOND);
	return err;
}

static void put_version(FILE *out, const struct field *field, const void *base)
{
	(void)field;
	(void)base;
	fputs("1", out);
}

/* A number to most who read YAML; quoted it is the same. */
static void schema_version(struct json *j, const struct field *field)
{
	(void)field;
	json_array(j, "enum");
	json_uint(j, NULL, 1);
	json_plain(j, NULL, "1");
	json_close_array(j);
}

static void put_baseline(FILE *out, const struct field *field, const void *base)
{
	(void)base;
	fputs(field->choices->name, out);
}

static const struct field_type version_type = {
	.read = read_version,
	.put = put_version,
	.schema = schema_version,
};

static const struct field_type baseline_type = {
	.read = read_baseline,
	.put = put_baseline,
	.schema = schema_choice,
};

static const struct field_type aggregate_type = {
	.read = read_aggregate,
	.show = show_mapping,
	.schema = schema_mapping,
};

/* A file of another version is not judged by the rules of this one. */
static bool version_good(struct reader *reader, const struct node *root)
{
	const struct node *version = node_find(root, "version");

	if (!version)
		reader_error(reader, root, "\"version: 1\" is missing");
	else if (version->kind != NODE_SCALAR || strcmp(version->text, "1") != 0)
		reader_error(reader, version, "%s is not a version that is known here (1 is)",
			     version->kind == NODE_SCALAR ? quoted(version->text).text :
							    node_kind_name(version));
	else
		return true;
	return false;
}

static void document_error(struct reader *reader, const struct policy_error *error)
{
	if (reader->errors->n == POLICY_ERRORS_MAX)
		reader->errors->more++;
	else
		reader->errors->at[reader->errors->n++] = *error;
}

int schema_apply(struct reader *reader, const char *data, size_t size)
{
	static const struct node nothing = { .kind = NODE_MAP, .line = 1, .column = 1 };
	_cleanup_(document_freep) struct document *document = NULL;
	struct policy_error error;
	const struct node *root;
	int err;

	err = document_parse(&(struct source){ reader->file, data, size, false }, &document,
			     &error);
	if (err == -EBADMSG)
		document_error(reader, &error);
	if (err < 0)
		return err == -EBADMSG ? 0 : err;
	root = document->root ? document->root : &nothing;
	if (!reader_expect(reader, root, NODE_MAP, "a mapping (version: 1, ...)") ||
	    !version_good(reader, root))
		return 0;
	reader->top = policy_fields;
	return fields_read(reader, policy_fields, root, reader->policy);
}
