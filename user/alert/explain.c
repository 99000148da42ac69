// SPDX-License-Identifier: Apache-2.0
/*
 * For each rule: what it says, why that matters, what to do. Written for the technician who has an
 * alert and not this source, so no word of the inside stands here, and where EVerest itself is at
 * fault that is said. A rule without an explanation fails a test.
 */
#include "alert/explain.h"

#include <stddef.h>

#include "base/macros.h"

/* clang-format off */
/* What can be done about all of them. */
#define USB_DENY                                                                                   \
	"usb.action: deny takes such devices out of use, late, or keeps them from\n"               \
	"it where evmon-usb-authorize.service makes the bus wait.\n"

static const struct explanation explanations[EVMON_RULE_CLOSED] = {
	[EVMON_RULE_BIND_ADMIN_PANEL] = {
		.means =
			"A process bound port 8849, the port of EVerest's admin panel.\n",
		.matters =
			"The panel asks nobody who he is and encrypts nothing. Whoever reaches\n"
			"it can rewrite EVerest's configuration, capabilities and user\n"
			"included, and restart the modules: it is control over the charger.\n",
		.todo =
			"Build EVerest without it (EVEREST_ENABLE_ADMIN_PANEL_BACKEND=OFF;\n"
			"until 2025.12 it was built in by default). Until then refuse the port:\n"
			"`action: deny` on this rule.\n",
	},
	[EVMON_RULE_BIND_BROKER_EXPOSED] = {
		.means =
			"The MQTT broker listens on a TCP port that the network can reach.\n",
		.matters =
			"EVerest's modules talk over this broker and identify themselves by\n"
			"nothing. Whoever can publish there can start, stop and bill charging,\n"
			"and feed the modules what they will parse.\n",
		.todo =
			"Give mosquitto a unix socket only (`listener 0\n"
			"/run/mosquitto/mosquitto.sock`), name it in EVerest's\n"
			"settings.mqtt_broker_socket_path, and remove all other listeners.\n",
	},
	[EVMON_RULE_BIND_MQTT_TLS] = {
		.means =
			"The MQTT broker listens on port 8883, MQTT over TLS, where the network\n"
			"can reach it.\n",
		.matters =
			"The security page allows this on a second broker only, with\n"
			"certificates on both sides, and with a bridge to the few topics of the\n"
			"API. EVerest's own broker behind TLS is still EVerest's own broker.\n",
		.todo =
			"If it is such a second broker, say so: this rule with `action: allow`.\n"
			"If not, remove the listener.\n",
	},
	[EVMON_RULE_BIND_MQTT_TCP] = {
		.means =
			"A process that is not the known broker bound an MQTT port, 1883 or\n"
			"9001 (WebSockets), where the network can reach it.\n",
		.matters =
			"It is a broker that nobody planned, or one that evmon does not know as\n"
			"the broker; either way modules and strangers can meet there.\n",
		.todo =
			"See which executable it is. If it is the charger's broker, set\n"
			"broker.exe in the policy and give it a unix socket; if not, remove it.\n",
	},
	[EVMON_RULE_BIND_MQTT_LOOPBACK] = {
		.means =
			"MQTT is served over TCP on the loopback address.\n",
		.matters =
			"The network does not reach it, but every process on the charger does:\n"
			"no file mode guards a port. A web server's bug is then enough to drive\n"
			"the charger.\n",
		.todo =
			"Use a unix socket that only the broker's group can open: `listener 0\n"
			"PATH` in mosquitto.conf, settings.mqtt_broker_socket_path in EVerest's\n"
			"configuration.\n",
	},
	[EVMON_RULE_BIND_UNEXPECTED] = {
		.means =
			"A process bound a port that no rule of this product's policy allows.\n"
			"The built-in policy has no such rule.\n",
		.matters =
			"A listener that nobody planned is how an intruder stays, and how a\n"
			"debug service gets shipped.\n",
		.todo =
			"See which process it is. If it should listen, add an item with\n"
			"`action: allow` before this one; if not, find out who started it.\n",
	},
	[EVMON_RULE_CAPABILITY_USED] = {
		.means =
			"A module made use of a capability that is not in its list, and was\n"
			"let.\n",
		.matters =
			"The list is what the module needs for its work. What goes beyond is a\n"
			"bug, a list that is too short, or somebody else's code in the module's\n"
			"process.\n",
		.todo =
			"Ask what the module did it for. If that is its work, add the\n"
			"capability under capabilities.modules; if not, take it from the\n"
			"module's `capabilities` in EVerest's configuration.\n",
	},
	[EVMON_RULE_CAPABILITY_DENIED] = {
		.means =
			"A module asked the kernel for something that takes a capability it\n"
			"does not have, and was refused.\n",
		.matters =
			"Nothing happened. But a module that is set up well does not ask in\n"
			"vain, and somebody who tries doors does.\n",
		.todo =
			"If the module needs the capability, it is missing in EVerest's\n"
			"configuration and here. If the refusal is harmless, name it under\n"
			"capabilities.denied_ignored.\n",
	},
	[EVMON_RULE_CAPABILITY_HELD] = {
		.means =
			"A process in EVerest's tree holds a capability that is not in its\n"
			"module's list, whether it uses it or not.\n",
		.matters =
			"Whoever takes over the process has the capability, too.\n",
		.todo =
			"Remove it from the module's `capabilities` in EVerest's configuration,\n"
			"or from the file that was executed (`getcap FILE`, `setcap -r FILE`).\n",
	},
	[EVMON_RULE_CAPABILITY_EVEREST_CHOWN] = {
		.means =
			"A module holds CAP_CHOWN beside the capabilities that it was given.\n"
			"EVerest's manager does that to every module with any: its set_caps()\n"
			"puts as many zeros in front of the list, and capability 0 is\n"
			"CAP_CHOWN. Told once for each module and boot.\n",
		.matters =
			"CAP_CHOWN makes any file the module's own, /etc/shadow included: it is\n"
			"root by another name.\n",
		.todo =
			"Correct set_caps() in EVerest's framework (reserve() in place of\n"
			"resize()). Until then this is known, low, and no sign of an attack.\n",
	},
	[EVMON_RULE_CAPABILITY_USERNS] = {
		.means =
			"A process in EVerest's tree entered a user namespace, used capabilities\n"
			"within one, or asked for them there in vain.\n",
		.matters =
			"In a namespace of its own anybody is root, and reaches parts of the\n"
			"kernel that were never meant for unprivileged users. No module has a\n"
			"reason to.\n",
		.todo =
			"Find out what was started. Unless something needs them, switch user\n"
			"namespaces off (`sysctl user.max_user_namespaces=0`).\n",
	},
	[EVMON_RULE_EXEC_ROOT] = {
		.means =
			"A process in EVerest's tree runs as root: a module that was started so\n"
			"(told once for each module and boot), something that a module without\n"
			"root started as root, or a process that became root while it ran\n"
			"(`how` is creds).\n",
		.matters =
			"A bug in a module that is root is the whole charger. A module that\n"
			"becomes root without having been it has found a way that it should not\n"
			"have.\n",
		.todo =
			"For modules: set settings.run_as_user in EVerest's configuration. For\n"
			"others: look at the executable; a setuid program has no place in a\n"
			"module's reach. What may be root is listed in exec.root.allow.\n",
	},
	[EVMON_RULE_EXEC_ROOT_STEADY] = {
		.means =
			"EVerest's manager is still root some time after its last module has\n"
			"started.\n",
		.matters =
			"It needs root to start modules and gives it up then, unless the admin\n"
			"panel is built in or no user is set. A manager that stays root is\n"
			"reachable over MQTT as root.\n",
		.todo =
			"Set settings.run_as_user, and build EVerest without the admin panel.\n",
	},
	[EVMON_RULE_EXEC_GAINED] = {
		.means =
			"A process in EVerest's tree gained rights by executing a file: the\n"
			"file is setuid or setgid, or has capabilities of its own.\n",
		.matters =
			"That is how a process without rights becomes one with them; modules\n"
			"are started with all that they need.\n",
		.todo =
			"Take the rights from the file (`chmod u-s`, `setcap -r`), or mount its\n"
			"file system nosuid.\n",
	},
	[EVMON_RULE_EXEC_SHELL] = {
		.means =
			"A module started a shell and is not one of those whose scripts are\n"
			"their work.\n",
		.matters =
			"Few modules run commands. A shell below any other is the first thing\n"
			"that an intruder gets.\n",
		.todo =
			"See what it ran, and who asked for it. If that is the module's work,\n"
			"list the module in exec.shell.allow.\n",
	},
	[EVMON_RULE_EXEC_ADMIN_PANEL] = {
		.means =
			"EVerest's admin panel, the program `controller`, was started.\n",
		.matters =
			"It is told by the program, since its port can be moved by\n"
			"settings.controller_port. See bind.admin-panel for what it gives away;\n"
			"besides, it keeps the manager root.\n",
		.todo =
			"Build EVerest without it (EVEREST_ENABLE_ADMIN_PANEL_BACKEND=OFF).\n"
			"Refusing to start it is no way out: the manager ends when its\n"
			"controller does.\n",
	},
	[EVMON_RULE_USB_HID] = {
		.means =
			"A USB device was attached that is, or also is, an input device.\n",
		.matters =
			"A keyboard types: into a console, a boot loader, a login. Devices that\n"
			"look like something else and type are sold ready-made.\n",
		.todo =
			"Look at the charger. If the device belongs there, list it under\n"
			"usb.allow, by its port if it has no serial number.\n" USB_DENY,
	},
	[EVMON_RULE_USB_STORAGE] = {
		.means =
			"A USB storage device was attached.\n",
		.matters =
			"Images of chargers have been shipped that mount every stick and\n"
			"install what they find. A stick also carries away keys and logs.\n",
		.todo =
			"Look at the charger and into its log. Remove automounting rules (udev)\n"
			"from the image. A service stick is listed under usb.allow with its\n"
			"serial number.\n" USB_DENY,
	},
	[EVMON_RULE_USB_OTHER] = {
		.means =
			"A USB device was attached that was not there when the charger was\n"
			"first started and is not listed.\n",
		.matters =
			"A network adapter is a way past the firewall, a serial one a way to a\n"
			"console.\n",
		.todo =
			"Look at the charger. If the device belongs there, list it under\n"
			"usb.allow.\n" USB_DENY,
	},
	[EVMON_RULE_USB_NEW_AT_START] = {
		.means =
			"When evmon started, a USB device was attached that was not there at\n"
			"the first start and is not listed: it came while nobody watched.\n",
		.matters =
			"Whoever can switch a charger off can attach something to it meanwhile.\n",
		.todo =
			"Look at the charger. If the device belongs there, list it under\n"
			"usb.allow.\n" USB_DENY,
	},
	[EVMON_RULE_CONFIG_NO_RUN_AS_USER] = {
		.means =
			"EVerest's configuration sets no run_as_user, so all modules run as\n"
			"root.\n",
		.matters =
			"Then no list of capabilities means anything: root has them all.\n",
		.todo =
			"Make a user for EVerest, in the groups of its devices and of the\n"
			"broker's socket, and set settings.run_as_user.\n",
	},
	[EVMON_RULE_CONFIG_BROKER_TCP] = {
		.means =
			"EVerest's configuration reaches the MQTT broker over TCP.\n",
		.matters =
			"Then the broker has to listen on a port; see bind.mqtt-loopback and\n"
			"bind.broker-exposed.\n",
		.todo =
			"Set settings.mqtt_broker_socket_path, and remove mqtt_broker_host.\n",
	},
	[EVMON_RULE_CONFIG_ADMIN_PANEL_PORT] = {
		.means =
			"EVerest's configuration moves the admin panel to another port than\n"
			"8849.\n",
		.matters =
			"Rules and firewalls that name 8849 then miss it.\n",
		.todo =
			"Remove settings.controller_port, or add the port to the rule\n"
			"bind.admin-panel.\n",
	},
	[EVMON_RULE_CONFIG_CAPABILITIES_BEYOND_PAGE] = {
		.means =
			"EVerest's configuration gives a module a capability that the policy\n"
			"does not grant.\n",
		.matters =
			"What the configuration asks for is not what it should have; and the\n"
			"configuration can be rewritten over the admin panel.\n",
		.todo =
			"If the module needs it, list it under capabilities.modules; if not,\n"
			"remove it from the module's `capabilities`.\n",
	},
	[EVMON_RULE_CONFIG_LINT] = {
		.means =
			"EVerest's configuration has a setting that does not belong into the\n"
			"field: a simulator, keys written to a log, a password that everybody\n"
			"knows, an interface without a lock.\n",
		.matters =
			"Each is harmless in the laboratory; in the field it is somebody's way\n"
			"in.\n",
		.todo =
			"The alert names the setting. Change it, or take the module out.\n",
	},
	[EVMON_RULE_SELF_STARTED] = {
		.means =
			"evmon has started, and says what it covers.\n",
		.matters =
			"Between this and the last self.stopped nobody wrote alerts.\n",
		.todo =
			"Nothing. If nobody started it, find out why it had ended.\n",
	},
	[EVMON_RULE_SELF_STOPPED] = {
		.means =
			"evmon was told to stop, and did.\n",
		.matters =
			"From now on nothing is reported, until the next self.started.\n",
		.todo =
			"If nobody meant it, find out who can stop services on this charger.\n",
	},
	[EVMON_RULE_SELF_GAP] = {
		.means =
			"The daemon was not there for a while: stopped, killed, crashed, or held\n"
			"by SIGSTOP. Its hooks stayed in the kernel and went on counting, and\n"
			"refusing what the policy denies.\n",
		.matters =
			"What happened meanwhile is told now, late: how often, exactly; who did\n"
			"it and how, for each kind of violation at least of the last one.\n",
		.todo =
			"If nobody stopped it, see the system's log for why it ended (memory,\n"
			"watchdog, a kill).\n",
	},
	[EVMON_RULE_SELF_LOST] = {
		.means =
			"Something was lost: details of events because too many came at once,\n"
			"or alerts that were dropped from a full journal before they were\n"
			"delivered: the object says which, by chain, from and to. For uevents:\n"
			"the kernel dropped some; what is attached was read anew, a USB device\n"
			"that came and went meanwhile is not known.\n",
		.matters =
			"The hooks' counts are still exact. What is gone is who and what of some\n"
			"of them.\n",
		.todo =
			"For a full journal: see that the broker can be reached, or raise\n"
			"journal.size.\n",
	},
	[EVMON_RULE_SELF_DEGRADED] = {
		.means =
			"evmon sees less than it should; the alert says which sensor, and why.\n",
		.matters =
			"Silence then proves less than it seems to.\n",
		.todo =
			"`evmon status` and `evmon coverage` name the reason: a right that the\n"
			"service lacks, an option that the kernel lacks, a hook that does not\n"
			"fire.\n",
	},
	[EVMON_RULE_SELF_POLICY_INVALID] = {
		.means =
			"The policy that was found is not valid and not in force. The last good\n"
			"one is, or the built-in one.\n",
		.matters =
			"What the file was meant to allow is reported, and what it was meant to\n"
			"forbid may not be.\n",
		.todo =
			"`evmon check` says where the mistakes are.\n",
	},
	[EVMON_RULE_SELF_JOURNAL_BROKEN] = {
		.means =
			"The journal is not as evmon wrote it: a line is missing, changed or\n"
			"cut.\n",
		.matters =
			"Either the disk is failing, or somebody has taken out evidence.\n",
		.todo =
			"Keep the files as they are. `evmon log --verify` says where the chain\n"
			"breaks; compare with what was delivered over MQTT.\n",
	},
	[EVMON_RULE_SELF_CLOCK_STEP] = {
		.means =
			"The clock was set forward or back while evmon ran.\n",
		.matters =
			"Times of alerts before and after do not compare; boot_us, the time\n"
			"since boot, does.\n",
		.todo =
			"Once after boot, when the network is there, this is normal. If it\n"
			"repeats, look at who sets the clock.\n",
	},
	[EVMON_RULE_SELF_MAP_FULL] = {
		.means =
			"A table in the kernel is full: of processes, or of different findings.\n",
		.matters =
			"Counts hold. But new kinds of findings share one entry and lose who\n"
			"and what, and new processes are judged by their unit only.\n",
		.todo =
			"`evmon status` names the table. So many at once is no normal work:\n"
			"look at what runs.\n",
	},
	[EVMON_RULE_SELF_USB_BASELINE] = {
		.means =
			"The USB devices that are attached at the first start have been\n"
			"recorded; they are no findings from now on.\n",
		.matters =
			"The first start should happen where the charger is made, with nothing\n"
			"attached that does not belong to it.\n",
		.todo =
			"Read the list in the alert once. To have it made anew, remove the\n"
			"baseline from evmon's state directory.\n",
	},
	[EVMON_RULE_SELF_TAMPERED] = {
		.means =
			"evmon's own hooks or files were changed behind its back: a pin below\n"
			"/sys/fs/bpf/evmon is gone or another's.\n",
		.matters =
			"Only somebody with root can do that, and only somebody who wants to be\n"
			"unseen.\n",
		.todo =
			"Treat the charger as broken into. Read its journal as it was\n"
			"delivered, not as it lies on its disk.\n",
	},
};
/* clang-format on */

const struct explanation *explanation_get(enum evmon_rule rule)
{
	if (!rule_get(rule))
		return NULL;
	return &explanations[rule];
}

const struct explanation *explanation_vendor(void)
{
	/* clang-format off */
	static const struct explanation vendor = {
		.means =
			"A rule of this product's own: its vendor wrote it into the policy, and\n"
			"evmon knows only what the policy says of it. A process bound a port\n"
			"that the rule is about.\n",
		.matters =
			"The vendor's documentation has the reason.\n",
		.todo =
			"`evmon policy show` shows the rule and the file it comes from.\n",
	};
	/* clang-format on */

	return &vendor;
}
