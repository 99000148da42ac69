// SPDX-License-Identifier: Apache-2.0
/*
 * `evmon --trace`: every event of a tree as a line, with verdict and rule. It has programs, maps
 * and ring of its own, observes only, needs no daemon, and can run beside one. The way is the
 * daemon's without its last half: record, event, alert, line.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "alert/alert.h"
#include "alert/text.h"
#include "alert/usb_judge.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/station.h"
#include "cmd/cmd.h"
#include "cmd/naming.h"
#include "cmd/terminal.h"
#include "cmd/trace_learn.h"
#include "cmd/trace_options.h"
#include "cmd/trace_tree.h"
#include "kernel/ring.h"
#include "kernel/tables.h"
#include "kernel/uevent.h"

struct trace {
	struct trace_options options;
	struct trace_tree tree;
	struct learn *learn; /* NULL: nothing is to be learnt */
	FILE *learn_out;
	struct loop *loop;
	struct loop_source *timer;
	struct usb_devices *usb;
	int uevent_fd;
	FILE *out;
	bool color;
	char station[STATION_MAX], boot[CLOCK_BOOT_ID_MAX];
	uint64_t started_ns, shown, events, violations, bad, lost_told;
	bool full_told;
	uint64_t by_rule[EVMON_RULES];
	pid_t child;
	bool ending; /* it was told to end */
};

static void print_json(struct trace *trace, const struct alert *alert)
{
	_cleanup_(freep) char *line = malloc(ALERT_LINE_MAX);
	struct alert_stamp stamp = { .station = trace->station,
				     .boot = trace->boot,
				     .offset_ns = clock_offset_ns(),
				     .synced = clock_synced(),
				     .cmdline_full = trace->tree.policy->cmdline_full };

	if (line && alert_format_json(alert, &stamp, line, ALERT_LINE_MAX) > 0)
		fprintf(trace->out, "%s\n", line);
}

static bool wanted(const struct trace *trace, const struct alert *alert)
{
	const struct trace_options *o = &trace->options;

	if (o->violations && alert->rule == EVMON_RULE_NONE)
		return false;
	if (o->sensor >= 0 && alert->sensor != (enum evmon_sensor)o->sensor)
		return false;
	return !o->module || (alert->has_module && (!strcmp(o->module, alert->module.id) ||
						    !strcmp(o->module, alert->module.name)));
}

/* An end that was asked for. The command goes first, and its tree's last events are seen; told once
 * more, it is not asked any longer. */
static void finish(struct trace *trace)
{
	if (!trace->child) {
		loop_stop(trace->loop, EXIT_GOOD);
		return;
	}
	kill(trace->child, trace->ending ? SIGKILL : SIGTERM);
	if (!trace->ending)
		log_info("waiting for %s (pid %d) to end", trace->options.command[0],
			 (int)trace->child);
	trace->ending = true;
}

static int show(struct trace *trace, const struct alert *alert)
{
	int err = trace->learn ? learn_add(trace->learn, alert) : 0;

	if (err < 0)
		return err;
	trace->events++;
	if (alert->rule != EVMON_RULE_NONE && alert->rule < EVMON_RULES) {
		trace->violations++;
		trace->by_rule[alert->rule]++;
	}
	if (!wanted(trace, alert) || (trace->options.count && trace->shown == trace->options.count))
		return 0;
	if (trace->options.json)
		print_json(trace, alert);
	else
		text_alert(trace->out, alert, clock_offset_ns(), trace->color);
	fflush(trace->out);
	if (++trace->shown == trace->options.count)
		finish(trace);
	return ferror(trace->out) ? -EPIPE : 0;
}

static int manager_seen(struct trace *trace, const struct event *event)
{
	int found = trace_tree_manager(&trace->tree, event);

	if (found > 0 && !trace->options.json)
		fprintf(trace->out, "# modules in %s\n", trace->tree.policy->modules_dir);
	if (found > 0)
		fflush(trace->out);
	return found;
}

static int on_record(const void *data, size_t size, void *userdata)
{
	struct trace *trace = userdata;
	_cleanup_(freep) struct alert *alert = calloc(1, sizeof(*alert));
	struct event event;
	int err;

	if (!alert)
		return -ENOMEM;
	if (event_decode(data, size, &event) < 0) {
		trace->bad++;
		return 0;
	}
	if (!process_is_complete(&event.process) && process_complete(&event.process) < 0)
		log_debug("%u ended before it was looked at", event.process.pid);
	err = manager_seen(trace, &event);
	if (err < 0)
		return err;
	trace_tree_pending(&trace->tree, &event);
	naming_slot(trace->tree.kernel, trace->tree.modules, event.process.class,
		    event.process.slot,
		    (struct module_args){ event.process.args, event.process.args_length });
	alert_from_event(alert, &event, trace->tree.modules, trace->tree.policy);
	return show(trace, alert);
}

static void tell_lost(struct trace *trace)
{
	struct ring_counts counts;

	if (ring_counts(trace->tree.kernel, &counts) < 0)
		return;
	if (counts.bulk_lost != trace->lost_told)
		log_warning("%llu events lost: the ring was full",
			    (unsigned long long)(counts.bulk_lost - trace->lost_told));
	if (counts.tasks_full && !trace->full_told)
		log_warning("tasks of the tree are not watched: the task map is full");
	trace->lost_told = counts.bulk_lost;
	trace->full_told = counts.tasks_full;
}

static int drain(struct trace *trace)
{
	int err = ring_consume(trace->tree.kernel, on_record, trace);

	tell_lost(trace);
	return err;
}

static int on_ring(int fd, uint32_t events, void *userdata)
{
	(void)fd;
	(void)events;
	return drain(userdata);
}

static int on_device(const struct usb_device *device, void *userdata)
{
	struct trace *trace = userdata;
	_cleanup_(freep) struct alert *alert = calloc(1, sizeof(*alert));
	enum severity severity = SEVERITY_LOW;
	enum evmon_rule rule = EVMON_RULE_NONE;

	if (!alert)
		return -ENOMEM;
	if (device->attached)
		rule = usb_judge(trace->tree.policy, device, &severity);
	alert_from_usb(alert, device, rule, severity, trace->tree.policy);
	return show(trace, alert);
}

static int on_known_device(const struct usb_device *device, void *userdata)
{
	(void)device;
	(void)userdata;
	return 0;
}

static int on_datagram(const void *data, size_t size, void *userdata)
{
	struct trace *trace = userdata;
	struct uevent uevent;

	if (uevent_decode(data, size, &uevent) != 0)
		return 0;
	return usb_devices_uevent(trace->usb, &uevent, on_device, trace);
}

static int on_uevent(int fd, uint32_t events, void *userdata)
{
	struct trace *trace = userdata;
	int lost = uevent_drain(fd, on_datagram, trace);

	(void)events;
	if (lost <= 0)
		return lost;
	log_warning("usb: the kernel dropped uevents; what came and went meanwhile is not shown");
	return usb_devices_rescan(trace->usb, on_device, trace);
}

static int usb_start(struct trace *trace)
{
	int err = uevent_open(&trace->uevent_fd);

	if (err < 0) {
		log_warning("usb: netlink: %s: not shown", strerror(-err));
		return 0;
	}
	err = usb_devices_new(&trace->usb);
	if (err >= 0)
		err = usb_devices_rescan(trace->usb, on_known_device, NULL);
	return err < 0 ? err : loop_add_fd(trace->loop, trace->uevent_fd, on_uevent, trace, NULL);
}

static int on_signal(int signal, pid_t sender, void *userdata)
{
	struct trace *trace = userdata;

	/* A terminal's ^C has no sender and reaches the command, too; all else is passed on. */
	if (!trace->child || trace->ending)
		finish(trace);
	else if (signal != SIGINT || sender)
		kill(trace->child, signal);
	return 0;
}

static int on_timer(void *userdata)
{
	finish(userdata);
	return 0;
}

static int on_child(int fd, uint32_t events, void *userdata)
{
	struct trace *trace = userdata;
	int status = 0;

	(void)fd;
	(void)events;
	if (waitpid(trace->child, &status, 0) < 0)
		return -errno;
	trace->child = 0;
	loop_stop(trace->loop, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	return 0;
}

static void summary(const struct trace *trace)
{
	FILE *out = trace->options.json || trace->options.output ? stderr : trace->out;
	double seconds = (double)(clock_boot_ns() - trace->started_ns) / 1e9;
	struct ring_counts counts = { 0 };

	if (ring_counts(trace->tree.kernel, &counts) < 0)
		counts.bulk_lost = trace->lost_told;
	fprintf(out, "\n%.1f s, %llu events, %llu violations, %llu lost", seconds,
		(unsigned long long)trace->events, (unsigned long long)trace->violations,
		(unsigned long long)counts.bulk_lost);
	if (trace->bad)
		fprintf(out, ", %llu not readable", (unsigned long long)trace->bad);
	fprintf(out, "\n");
	for (unsigned i = 0; i < EVMON_RULES; i++) {
		const struct rule *rule = rule_get((enum evmon_rule)i);

		if (trace->by_rule[i])
			fprintf(out, "%8llu  %s\n", (unsigned long long)trace->by_rule[i],
				rule ? rule->name :
				       trace->tree.policy->bind[i - EVMON_RULE_VENDOR].rule);
	}
}

/* Opened before anything is seen: a file that cannot be written is told at once. */
static int learn_open(struct trace *trace)
{
	if (!trace->options.learn)
		return 0;
	trace->learn_out = fopen(trace->options.learn, "we");
	if (!trace->learn_out)
		return log_err_errno(errno, "--learn %s", trace->options.learn);
	return learn_new(&trace->learn);
}

static int learn_end(struct trace *trace)
{
	struct ring_counts counts = { 0 };
	struct learn_facts facts = {
		.root = trace->tree.root,
		.seconds = (double)(clock_boot_ns() - trace->started_ns) / 1e9,
	};
	int err;

	if (!trace->learn)
		return 0;
	if (ring_counts(trace->tree.kernel, &counts) == 0) {
		facts.lost = counts.bulk_lost;
		facts.root_capabilities = counts.root_capabilities;
	}
	err = learn_write(trace->learn, trace->tree.policy, &facts, trace->learn_out);
	return err < 0 ? log_err_errno(err, "--learn %s", trace->options.learn) : 0;
}

static int output_open(struct trace *trace)
{
	trace->out = stdout;
	trace->color = !trace->options.json && terminal_color(stdout);
	if (!trace->options.output)
		return 0;
	trace->color = false;
	trace->out = fopen(trace->options.output, "we");
	return trace->out ? 0 : log_err_errno(errno, "-o %s", trace->options.output);
}

static int loop_start(struct trace *trace)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };
	int err = loop_new(&trace->loop);

	if (err >= 0)
		err = loop_add_signals(trace->loop, signals, on_signal, trace);
	if (err >= 0 && trace->options.duration_ns)
		err = loop_add_timer(trace->loop, on_timer, trace, &trace->timer);
	return err;
}

static int command_start(struct trace *trace)
{
	int err = trace_tree_spawn(&trace->tree, trace->options.command, &trace->child);

	if (err < 0)
		return err;
	return loop_add_pid(trace->loop, trace->child, on_child, trace, NULL);
}

static int start(struct trace *trace)
{
	const struct trace_options *o = &trace->options;
	int err = loop_start(trace);

	if (err < 0)
		return err;
	err = trace_tree_open(&trace->tree, o);
	if (err < 0)
		return err;
	err = loop_add_fd(trace->loop, ring_fd(trace->tree.kernel), on_ring, trace, NULL);
	if (err < 0)
		return err;
	if (!o->json) {
		trace_tree_describe(&trace->tree, trace->out);
		text_header(trace->out, trace->color);
		fflush(trace->out);
	}
	if (!o->pid && !o->command) {
		err = usb_start(trace);
		if (err < 0)
			return err;
	}
	/* From here on it counts: loading may have taken a second. */
	trace->started_ns = clock_boot_ns();
	if (o->command)
		err = command_start(trace);
	if (err >= 0 && trace->timer)
		err = loop_timer_set(trace->timer, trace->started_ns + o->duration_ns);
	return err;
}

static void trace_fini(struct trace *trace)
{
	if (trace->out && trace->out != stdout)
		fclose(trace->out);
	if (trace->learn_out)
		fclose(trace->learn_out);
	learn_free(trace->learn);
	usb_devices_free(trace->usb);
	closep(&trace->uevent_fd);
	trace_tree_close(&trace->tree);
	loop_free(trace->loop);
}

static int status_of(int err)
{
	switch (err) {
	case -EPERM:
		return EXIT_PERMISSION;
	case -ENOTSUP:
		return EXIT_NO_SENSOR;
	case -EBADMSG:
		return EXIT_POLICY;
	default:
		return EXIT_FAILED;
	}
}

static int run(struct trace *trace)
{
	int status = output_open(trace);

	if (status >= 0)
		status = learn_open(trace);
	if (status >= 0)
		status = start(trace);
	if (status < 0)
		return status_of(status);
	status = loop_run(trace->loop);
	if (drain(trace) < 0)
		log_debug("the last events could not be shown");
	summary(trace);
	if (learn_end(trace) < 0 && status == EXIT_GOOD)
		status = EXIT_FAILED;
	if (status < 0 && status != -EPIPE)
		return status_of(log_err_errno(status, "cannot go on"));
	return status == -EPIPE ? EXIT_FAILED : status;
}

int trace_main(int argc, char **argv)
{
	struct trace trace = { .uevent_fd = -1 };
	int status = trace_options_parse(argc, argv, &trace.options);

	if (status)
		return status > 0 ? EXIT_GOOD : EXIT_USAGE;
	if (station_name(NULL, trace.station) < 0)
		log_debug("no machine id");
	(void)clock_boot_id(trace.boot);
	status = run(&trace);
	trace_fini(&trace);
	return status;
}
