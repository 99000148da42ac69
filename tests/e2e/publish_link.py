# SPDX-License-Identifier: Apache-2.0
"""Broker and link at their worst: slow, stopped, killed while the publisher is killed, too, with a
certificate of the wrong authority, of no client, of tomorrow. Nobody is told when it mends, and the
publisher is never restarted for it: what failed is tried again."""

import os
import random
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

from publish_place import Skip, alerts, same_bytes, seqs, test, wait_alerts, wait_seq
from world import FULL, same, true

WINDOW = 16  # alerts on their way at a time, of evmon-publish
SAVED = 32  # acknowledgements between two savings of its cursor


def all_once(place, sub, last):
    """Each line of the journal came, byte for byte, in order, and none twice."""
    received = alerts(sub)
    same("lines of the journal", len(same_bytes(place, received)), last)
    same("alerts", seqs(received), list(range(1, last + 1)))


# --- a slow link ----------------------------------------------------------------------------------

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Link:
    """Takes connections at a port of its own to the broker's socket, and lets so many bytes a second
    through in each direction, with as little in its own buffers as the kernel allows."""

    def __init__(self, inner, rate):
        self.inner, self.rate, self.carried = inner, rate, 0
        self.over, self.close_over = os.pipe()
        self.listener = socket.socket()
        # Before listen: what is accepted has it too, from its first byte on.
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.listener.bind(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.listener.listen()
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.close_over)
        for thread in self.threads:
            thread.join()
        os.close(self.over)
        self.listener.close()

    def ready(self, sock):
        """False: the link is closed."""
        return self.over not in select.select([sock, self.over], [], [])[0]

    def accept(self):
        while self.ready(self.listener):
            near, far = self.listener.accept()[0], socket.socket(socket.AF_UNIX)
            far.connect(self.inner)
            for pair in ((near, far), (far, near)):
                self.threads.append(threading.Thread(target=self.carry, args=pair))
                self.threads[-1].start()

    def carry(self, source, sink):
        """A tenth of the rate at a time, and as long as that takes on the wire."""
        try:
            while self.ready(source):
                piece = source.recv(self.rate // 10)
                if not piece or select.select([self.over], [], [], len(piece) / self.rate)[0]:
                    break
                sink.sendall(piece)
                self.carried += len(piece)
        except OSError:
            pass
        for sock in (source, sink):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


@test
def link_of_a_kilobyte_a_second_is_enough(place):
    sub, writer = place.furnish()
    if FULL:
        place.write_status(coverage="x" * 16000)  # as long as a real one
    last = writer.append("mixed", 90 if FULL else 12)
    with Link(place.inner, 1024) as link:
        place.write_conf(f"mqtt://127.0.0.1:{link.port}")
        began = time.monotonic()
        publisher = place.publisher()
        wait_seq(sub, last)
        seconds = time.monotonic() - began
        all_once(place, sub, last)
        # Slow is not gone: the connection was never given up.
        same("failures", publisher.count("trying again"), 0)
        true(f"{link.carried} bytes in {seconds:.0f} s", link.carried / seconds < 2 * 1024 * 1.1)
        same("its end", publisher.stop(), 0)
        same("its cursor", place.cursor_seq(), last)


# --- a broker that does not answer, or is killed together with the publisher ------------------------

@test
def broker_that_is_silent_for_a_minute_is_given_up(place):
    if not FULL:
        raise Skip("a minute: EVMON_TEST_FULL=1")
    place.broker()
    sub, writer = place.subscriber(), place.writer()
    place.open_door()
    place.write_conf()
    place.write_status()
    publisher = place.publisher()
    writer.append("urgent", 1)
    wait_seq(sub, 1)
    broker = place.processes[0]
    broker.process.send_signal(signal.SIGSTOP)
    last = writer.append("mixed", 500)
    publisher.wait_text("the broker does not answer")
    broker.process.send_signal(signal.SIGCONT)
    wait_seq(sub, last)
    same("holes", sorted(set(range(1, last + 1)) - set(seqs(alerts(sub)))), [])


class Turmoil:
    """Broker and publisher, of which one, the other or both are killed amid a burst, over and over."""

    def __init__(self, place):
        self.place, self.received = place, []
        self.writer = place.writer(64 << 20)
        place.write_conf()
        place.write_status()
        self.start_broker()
        self.publisher = place.publisher()

    def start_broker(self):
        self.broker, self.sub = self.place.broker(), self.place.subscriber()
        self.place.open_door()

    def end_broker(self):
        self.place.shut_door()
        self.broker.stop(signal.SIGKILL)
        self.sub.stop()
        self.received += alerts(self.sub)

    def burst(self, n, victims, after):
        """Victims are killed once so many of n alerts have come."""
        self.writer.tell(f"mixed {n}")
        wait_alerts(self.sub, after)
        if "publisher" in victims:
            self.publisher.stop(signal.SIGKILL)
        if "broker" in victims:
            self.end_broker()
        self.writer.tell("sync")
        last = self.writer.said()
        if "broker" in victims:
            self.start_broker()
        if "publisher" in victims:
            self.publisher = self.place.publisher()
        return last


@test
def broker_and_publisher_killed_in_random_order_lose_nothing(place):
    seed, kills, n = 20261123, 30 if FULL else 4, 600
    chance = random.Random(seed)
    turmoil, last = Turmoil(place), 0
    for _ in range(kills):
        victims = chance.choice([("broker",), ("publisher",), ("broker", "publisher")])
        with turmoil.sub.changed:
            here = len(alerts(turmoil.sub))
        last = turmoil.burst(n, victims, here + chance.randrange(50, n // 2))
    wait_seq(turmoil.sub, last)
    turmoil.sub.stop()
    received = turmoil.received + alerts(turmoil.sub)
    order = seqs(received)
    same("last seq", last, n * kills)
    same("holes", sorted(set(same_bytes(place, received)) - set(order)), [])
    # In order, but for a step back of what was open or not yet in the cursor, which is saved only
    # when all acknowledgements that came at once are taken.
    back = [a - b for a, b in zip(order, order[1:]) if b <= a]
    true(f"steps back: {back}",
         len(back) <= kills and all(step < SAVED + 2 * WINDOW for step in back))
    same("steps forward", {b - a for a, b in zip(order, order[1:]) if b > a}, {1})
    print(f"# figure: alerts sent twice, of {last}, after {kills} kills: {len(order) - last}")


# --- TLS ------------------------------------------------------------------------------------------

AUTHORITY = """[ca]
default_ca = own
[own]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
"""


class Certificates:
    """Two authorities; what the first has signed for the broker (live.pem is what it shows) and for
    the publisher; and one for the broker that will be valid in a generation."""

    def __init__(self, root):
        if not shutil.which("openssl"):
            raise Skip("no openssl")
        self.root = root
        self.client = {"cert": f"{root}/client.pem", "key": f"{root}/client.key"}
        self.new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        for ca in ("ca", "other"):
            self.openssl("req", "-x509", *self.new, "-keyout", f"{ca}.key", "-out", f"{ca}.pem",
                         "-days", "2", "-subj", f"/CN={ca}")
        self.write("names", "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self.write("index", "")
        self.write("authority", AUTHORITY)
        for name in ("server", "client"):
            self.openssl("req", *self.new, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                         "-subj", f"/CN={name}")
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                         "-CAcreateserial", "-out", f"{name}.pem", "-days", "2", "-extfile",
                         "names")
        self.openssl("ca", "-batch", "-config", "authority", "-in", "server.csr", "-cert",
                     "ca.pem", "-keyfile", "ca.key", "-startdate", "20560101000000Z", "-enddate",
                     "20570101000000Z", "-extfile", "names", "-notext", "-out", "future.pem")
        self.show("server")

    def openssl(self, *args):
        subprocess.run(["openssl", *args], check=True, cwd=self.root, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def fault(self, name):
        """Why nobody should believe it now."""
        run = subprocess.run(["openssl", "verify", "-CAfile", "ca.pem", f"{name}.pem"], text=True,
                             cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             check=False)
        return run.stdout

    def write(self, name, text):
        with open(os.path.join(self.root, name), "w", encoding="utf-8") as out:
            out.write(text)

    def show(self, name):
        shutil.copy(f"{self.root}/{name}.pem", f"{self.root}/live.pem")

    def listener(self, port):
        return (f"listener {port} 127.0.0.1", f"cafile {self.root}/ca.pem",
                f"certfile {self.root}/live.pem", f"keyfile {self.root}/server.key",
                "require_certificate true")


@test
def tls_failures_are_tried_again_until_they_mend(place):
    root, port = place.root, free_port()
    certificates = Certificates(root)
    place.broker(*certificates.listener(port))
    sub = place.subscriber()
    writer = place.writer(64 << 20)
    place.write_status()
    last = writer.append("mixed", 20000 if FULL else 1000)
    place.write_conf(f"mqtts://127.0.0.1:{port}", ca=f"{root}/other.pem", **certificates.client)
    publisher = place.publisher()
    publisher.wait_text("trying again")
    publisher.wait_text("verify failed")
    # The same settings, the certificate mended: nothing tells, the next try finds out.
    shutil.copy(f"{root}/ca.pem", f"{root}/other.pem")
    wait_seq(sub, last)
    all_once(place, sub, last)
    peak = place.peak_kib(publisher)
    print(f"# figure: evmon-publish peak memory over TLS with a backlog of {last}: {peak} KiB")
    true(f"{peak} KiB", peak < 16384)
    # Without a client certificate the broker refuses; with it again all goes on.
    place.write_conf(f"mqtts://127.0.0.1:{port}", ca=f"{root}/ca.pem")
    publisher.wait("a second failure", lambda lines: sum(
        b"trying again" in line for line in lines) >= 2)
    last = writer.append("mixed", 30)
    place.write_conf(f"mqtts://localhost:{port}", ca=f"{root}/ca.pem", **certificates.client)
    wait_seq(sub, last)


@test
def certificate_of_tomorrow_is_waited_for(place):
    """As a charger meets it whose clock starts in 1970: what is valid today is not yet valid."""
    root, port = place.root, free_port()
    certificates = Certificates(root)
    true(certificates.fault("future"), "not yet valid" in certificates.fault("future"))
    certificates.show("future")
    broker = place.broker(*certificates.listener(port))
    sub, writer = place.subscriber(), place.writer()
    place.write_status()
    last = writer.append("mixed", 300)
    place.write_conf(f"mqtts://localhost:{port}", ca=f"{root}/ca.pem", **certificates.client)
    publisher = place.publisher()
    publisher.wait_text("verify failed")
    same("alerts before", alerts(sub), [])
    # The broker shows a new certificate: to the publisher the same as a clock that was set.
    certificates.show("server")
    broker.process.send_signal(signal.SIGHUP)
    wait_seq(sub, last)
    all_once(place, sub, last)
    same("its end", publisher.stop(), 0)


@test
def refused_password_is_tried_again(place):
    """Authentication mends itself as TLS does: a broker that refuses everyone, then does not."""
    writer = place.writer()
    place.write_conf()
    place.write_status()
    last = writer.append("mixed", 50)
    broker = place.broker("allow_anonymous false")
    place.open_door()
    publisher = place.publisher()
    publisher.wait_text("not authorised")
    place.shut_door()
    broker.stop(signal.SIGKILL)
    place.broker()
    sub = place.subscriber()
    place.open_door()
    wait_seq(sub, last)
    all_once(place, sub, last)
