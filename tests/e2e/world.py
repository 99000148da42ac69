# SPDX-License-Identifier: Apache-2.0
"""A charger of its own for a test: a network namespace, a directory, a broker on a unix socket, the
stand-in tree, evmon, evmon-publish without rights, a subscriber. All of it is gone after close().

The tree is a copy, so that its files are inodes of their own and other trees on the machine are
none of this charger's. The namespace tells apart what evmon, which sees the whole machine, reports
of others: their binds are passed over (foreign()).

The broker listens on a socket that only the subscriber knows; publisher and tree come by a link to
it, the door, so that the subscriber can be there first, and the broker can be away.
"""

import atexit
import collections
import contextlib
import ctypes
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from lines import PATIENCE, Lines, last_words

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
FULL = os.environ.get("EVMON_TEST_FULL", "") not in ("", "0")
CONFIGS = os.path.join(ROOT, "tests/everest-sim/configs")
EVMON, PUBLISH = f"{BUILD}/evmon", f"{BUILD}/evmon-publish"
USER = "nobody"  # run_as_user of the tree
# Numbers are enough for evmon-publish: it needs a group that may read the journal, and no name.
PUBLISH_UID, PUBLISH_GID = 64123, 64124

PR_SET_CHILD_SUBREAPER = 36  # orphans of ours become our children: none is left behind

Answer = collections.namedtuple("Answer", "good pid text started")
Alert = collections.namedtuple("Alert", "line value stamp")


def enter_namespace():
    """Begins the program anew in a network namespace; the machine's ports are not ours. Nor are its
    pins: what evmon leaves in the kernel goes with the mount namespace."""
    if os.geteuid() != 0:
        print("needs root: BPF, and a network namespace of its own")
        sys.exit(77)
    inside = os.readlink("/proc/self/ns/net")
    if os.environ.get("EVMON_OUTSIDE", inside) == inside:
        os.environ["EVMON_OUTSIDE"] = inside
        os.execvp("unshare", ["unshare", "--net", "--mount", "--", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "bpf", "bpf", "/sys/fs/bpf"], check=True)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))


@contextlib.contextmanager
def signals_held():
    """What must not be cut in two."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK,
                                    (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def roomy(base):
    """Set-uid programs work there, and users other than root reach it."""
    try:
        flags = os.statvfs(base).f_flag
    except OSError:
        return False
    return not flags & (os.ST_NOSUID | os.ST_NOEXEC) and os.access(base, os.W_OK | os.X_OK)


def raise_limit():
    """The limit on open files that systemd gives a service, 1024 and 512 Ki; False: it may not."""
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 524288))
    except (ValueError, OSError):
        return False
    return True


def children():
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                if int(file.read().rpartition(")")[2].split()[1]) == os.getpid():
                    found.append(int(entry))
        except OSError:
            pass
    return found


def end_orphans():
    """What outlived its parents: generation after generation comes to us."""
    while orphans := children():
        for pid in orphans:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass


def boot_us():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


def coverage():
    """role -> its row, as this kernel gives it."""
    run = subprocess.run([EVMON, "coverage", "--json"], stdout=subprocess.PIPE, text=True,
                         check=False)
    if not run.stdout.startswith("{"):
        raise AssertionError(f"evmon coverage ended with {run.returncode}")
    return {row["role"]: row for row in json.loads(run.stdout)["coverage"]}


class World:
    def __init__(self, name="evmon-e2e"):
        base = next((b for b in (tempfile.gettempdir(), "/var/tmp", "/run") if roomy(b)), None)
        if not base:
            raise AssertionError("no directory that allows set-uid programs: set TMPDIR")
        self.processes, self.fifos = [], []
        with signals_held():
            self.dir = tempfile.mkdtemp(prefix=name + "-", dir=base)
            atexit.register(self.close)
        os.chmod(self.dir, 0o755)
        self.state, self.run, self.cursor, self.sim, self.everest = (
            os.path.join(self.dir, n) for n in ("state", "run", "state-publish", "sim", "everest"))
        self.inner, self.socket = self.dir + "/inner.sock", self.dir + "/mosquitto.sock"
        self.config, self.policy = self.dir + "/config.yaml", self.dir + "/policy.yaml"
        self.modules = self.everest + "/libexec/everest/modules"
        self.daemon = self.journal = self.sub = self.publisher = self.manager = None
        self.unit = None  # path of the unit's cgroup, where the test has one
        self.pass_fds = ()  # what the manager inherits
        self.before_manager = []  # a command that starts the manager
        self.netns = int(re.sub(r"\D", "", os.readlink("/proc/self/ns/net")))
        self.mntns = int(re.sub(r"\D", "", os.readlink("/proc/self/ns/mnt")))
        self.seen = 0
        self.furnish()

    def furnish(self):
        shutil.copytree(BUILD + "/sim", self.everest, symlinks=True)
        os.mkdir(self.cursor)
        os.chown(self.cursor, PUBLISH_UID, PUBLISH_GID)
        # As a unit with Group= has it: the group may enter, and what is made there belongs to it.
        os.mkdir(self.state)
        os.chown(self.state, -1, PUBLISH_GID)
        os.chmod(self.state, 0o2750)
        self.rooted = self.dir + "/rooted"
        shutil.copy(self.everest + "/libexec/everest/rooted", self.rooted)
        os.chmod(self.rooted, 0o4755)
        self.states, self.status_fifo = self.fifo("status")
        self.habits, self.habit_fifo = self.fifo("habits")
        self.furnish_programs()

    def furnish_programs(self):
        """What Setup runs tells that it was run, then does it. systemctl wants to raise a limit
        that is lower than systemd's, and asks in vain for CAP_SYS_RESOURCE: then it stays out.
        hostname is busybox's, as on Yocto images: each applet sets its ids to what they are."""
        programs = {"systemctl": raise_limit() and shutil.which("systemctl"),
                    "hostname": f"{shutil.which('busybox')} hostname"}
        os.mkdir(self.dir + "/bin")
        for name, program in programs.items():
            with open(f"{self.dir}/bin/{name}", "w", encoding="utf-8") as out:
                os.fchmod(out.fileno(), 0o755)
                out.write(f"#!/bin/sh\necho {name} >{self.habit_fifo}\n")
                if program:
                    out.write(f'exec {program} "$@"\n')

    # --- processes --------------------------------------------------------------------------------

    def start(self, argv, **more):
        process = Lines(argv, **more)
        self.processes.append(process)
        return process

    def close(self):
        """Everything ends, the youngest first, and the directory goes."""
        with signals_held():
            for process in reversed(self.processes):
                process.kill()
            end_orphans()
            subprocess.run([EVMON, "unload"], stdout=subprocess.DEVNULL, check=True)
            while self.fifos:
                os.close(self.fifos.pop())
            shutil.rmtree(self.dir, ignore_errors=True)
            atexit.unregister(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def said(self):
        return last_words(p for p in self.processes if p not in (self.journal, self.sub))

    # --- broker, subscriber, publisher ------------------------------------------------------------

    def broker_conf(self, name, *lines):
        path = f"{self.dir}/{name}.conf"
        with open(path, "w", encoding="utf-8") as out:
            out.write("\n".join(["allow_anonymous true", "user root", "log_dest stderr",
                                 "max_queued_messages 0", *lines, ""]))
        broker = self.start(["/usr/sbin/mosquitto", "-c", path])
        broker.wait_text("running")
        return broker

    @staticmethod
    def stop_broker(broker):
        """mosquitto 2.0.11 forgets a SIGTERM that comes before its loop, which is after "running"."""
        broker.stop(signal.SIGKILL)

    def start_broker(self, door=True):
        self.broker_conf("broker", f"listener 0 {self.inner}")
        os.chmod(self.inner, 0o777)
        if door:
            self.open_door()

    def open_door(self):
        os.link(self.inner, self.socket)

    def subscribe(self):
        self.sub = self.start(["stdbuf", "-oL", "mosquitto_sub", "--unix", self.inner, "-d", "-q",
                               "1", "-t", "evmon/v1/#", "-F", "%t %p"])
        self.sub.wait_text("Subscribed")

    def publish(self):
        """evmon-publish as its unit starts it: a user of its own, no capability to be had."""
        self.publisher = self.start(
            ["setpriv", f"--reuid={PUBLISH_UID}", f"--regid={PUBLISH_GID}", "--clear-groups",
             "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", PUBLISH,
             "--run-dir", self.run, "--cursor-dir", self.cursor])

    def delivered(self):
        """(topic, payload, stamp) of each alert that came to the subscriber."""
        with self.sub.changed:
            pairs = list(zip(self.sub.lines, self.sub.stamps))
        found = []
        for line, stamp in pairs:
            topic, _, payload = line.partition(b" ")
            if topic.startswith(b"evmon/") and b"/alert/" in topic:
                found.append((topic.decode(), payload, stamp))
        return found

    def wait_delivered(self, line, patience=PATIENCE):
        """(topic, stamp) of this very line; AssertionError if it does not come."""
        tail = b" " + line
        at = self.sub.wait("the line of the journal", lambda lines: next(
            (i + 1 for i in range(len(lines) - 1, -1, -1) if lines[i].endswith(tail)), 0),
            patience) - 1
        return self.sub.lines[at].partition(b" ")[0].decode(), self.sub.stamps[at]

    # --- evmon ------------------------------------------------------------------------------------

    def write_policy(self, extra="", settle="1s", window="1s", journal="mirror: none"):
        """The built-in policy, but for where this tree stands and how long to wait."""
        with open(self.policy, "w", encoding="utf-8") as out:
            os.fchmod(out.fileno(), 0o644)
            out.write("version: 1\n"
                      f"everest: {{manager: {self.everest}/bin/manager, settle: {settle},\n"
                      f"          modules_dir: {self.modules}, config: {self.config}"
                      f"{', unit: ' + self.unit if self.unit else ''}}}\n"
                      f"exec: {{root: {{allow: [{self.everest}/bin/manager]}}}}\n")
            if window:
                out.write(f"aggregate: {{window: {window}}}\n")
            out.write(f"journal: {{{journal}}}\n" + extra)

    def env(self):
        return dict(os.environ, RUNTIME_DIRECTORY=self.run, EVEREST_SIM_DIR=self.sim)

    def tree_env(self):
        path = f"{self.dir}/bin:{self.everest}/bin:" + os.environ["PATH"]
        return dict(self.env(), PATH=path)

    def watch(self, *options, alone=True):
        """Starts the daemon; it is back when the canary has come through. Its journal is followed.
        alone: it starts no evmon-publish, whoever is a user here; see publish()."""
        self.daemon = self.start([EVMON, "run", "--policy", self.policy, "--state-dir", self.state,
                                  *(["--no-publish"] if alone else []), *options], env=self.env())
        self.daemon.wait("the canary's word", lambda lines: any(
            b"protecting: " in line or b"degraded: " in line for line in lines))
        if not self.journal:
            self.journal = self.start([EVMON, "log", "--state-dir", self.state, "-n", "all", "-f",
                                       "--json"], stderr=subprocess.DEVNULL)
        with open(self.run + "/status.json", encoding="utf-8") as file:
            self.status = json.load(file)

    def foreign(self, value):
        """Something that others on this machine did."""
        if value["sensor"] == "usb":
            return True
        return value["sensor"] == "bind" and value["object"].get("netns") not in (None, self.netns)

    def alerts(self):
        """All of this charger's so far."""
        with self.journal.changed:
            pairs = list(zip(self.journal.lines, self.journal.stamps))
        parsed = (Alert(line, json.loads(line), stamp) for line, stamp in pairs)
        return [alert for alert in parsed if not self.foreign(alert.value)]

    def next_alert(self):
        """The next one of this charger's, whatever it is."""
        while True:
            self.journal.wait("an alert", lambda lines: len(lines) > self.seen)
            line, stamp = self.journal.lines[self.seen], self.journal.stamps[self.seen]
            self.seen += 1
            value = json.loads(line)
            if not self.foreign(value):
                return Alert(line, value, stamp)

    def wait_alerts(self, what, condition):
        """Waits until condition(values of this charger's alerts) holds."""
        def holds(lines):
            values = [json.loads(line) for line in lines]
            return condition([value for value in values if not self.foreign(value)])
        return self.journal.wait(what, holds)

    def wait_rule(self, rule, module=None):
        return self.wait_alerts(f"{rule} {module or ''}", lambda values: next(
            (v for v in values if v["rule"] == rule and
             module in (None, (v["module"] or {}).get("id"))), None))

    # --- the tree ---------------------------------------------------------------------------------

    def write_config(self, name, change=lambda text: text):
        with open(f"{CONFIGS}/{name}", encoding="utf-8") as file:
            text = file.read().replace("@USER@", USER).replace("@SOCKET@", self.socket)
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(change(text))

    def fifo(self, name):
        """Its reader's Lines, and its path; it has no end."""
        path = f"{self.dir}/{name}.fifo"
        os.mkfifo(path)
        os.chmod(path, 0o666)
        # Kept, so that no writer ever waits for a reader.
        self.fifos.append(os.open(path, os.O_RDWR))
        reader = self.start(["cat"], stdin=self.fifos[-1])
        return reader, path

    def plant(self, *options):
        """Starts the tree; it is back when all modules have started."""
        shutil.rmtree(self.sim, ignore_errors=True)
        before = len(self.states.lines)
        self.manager = self.start([*self.before_manager, self.everest + "/bin/manager",
                                   "--config", self.config, "--sim-dir", self.sim,
                                   "--status-fifo", self.status_fifo, *options],
                                  env=self.tree_env(), pass_fds=self.pass_fds)
        try:
            self.states.wait_text("ALL_MODULES_STARTED", before)
        except AssertionError as error:
            raise AssertionError(f"the tree did not start:\n{self.manager.tail()}") from error

    def ask(self, module, *deed):
        """Has a module do it; what it answered, and when it was asked."""
        started = boot_us()
        run = subprocess.run([self.everest + "/bin/misdeed", "--sim-dir", self.sim, module, *deed],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             timeout=PATIENCE, check=False)
        text = run.stdout.strip()
        pid = re.search(r"\bpid=(\d+)", text)
        return Answer(run.returncode == 0, int(pid.group(1)) if pid else 0, text, started)

    def do(self, module, *deed):
        """As ask(), but it must have been done."""
        answer = self.ask(module, *deed)
        if not answer.good:
            raise AssertionError(f"{module} {' '.join(deed)}: {answer.text}")
        return answer

    def pid_of(self, module):
        return self.do(module, "whoami").pid


# --- results --------------------------------------------------------------------------------------

class Tap:
    """A plan at the end, a line a check; a failure tells what the world's processes said."""

    def __init__(self, world=None):
        self.world, self.n, self.failed = world, 0, 0

    def result(self, good, name):
        self.n += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.n} - {name}", flush=True)

    def skip(self, name, why):
        self.n += 1
        print(f"ok {self.n} - {name} # SKIP {why}", flush=True)

    def check(self, name, function, *args):
        """What function returns, or None where it failed. After five failures the rest fails
        untried: each would only wait in vain."""
        if self.failed >= 5:
            return self.result(False, name + ", not tried")
        try:
            value = function(*args)
        except (AssertionError, OSError, KeyError, TypeError, ValueError,
                subprocess.SubprocessError) as error:
            self.tell(error)
            self.result(False, name)
            return None
        self.result(True, name)
        return value

    def tell(self, error):
        told = [f"{type(error).__name__}: {error}"]
        trace = error.__traceback__
        while trace:
            told.append(f"  {os.path.basename(trace.tb_frame.f_code.co_filename)}"
                        f":{trace.tb_lineno}")
            trace = trace.tb_next
        if self.world and self.failed == 0:
            told.append(self.world.said())
        for line in "\n".join(told).splitlines():
            print("# " + line[:1500])

    def figure(self, name, value):
        print(f"# figure: {name}: {value}", flush=True)

    def end(self):
        print(f"1..{self.n}", flush=True)
        return 1 if self.failed or not self.n else 0


def same(what, got, want):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def true(what, condition):
    if not condition:
        raise AssertionError(what)


def threads(functions):
    """Runs them at the same time; the first failure is raised."""
    failures = []

    def guarded(function):
        try:
            function()
        except AssertionError as error:
            failures.append(error)

    running = [threading.Thread(target=guarded, args=(f,)) for f in functions]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if failures:
        raise failures[0]
