# SPDX-License-Identifier: Apache-2.0
"""No machine outlives who asked for it: a child is told when its parent dies, however that happens.

run starts rows, rows starts a run for each row, that starts boot, and boot starts QEMU; whichever of
them is stopped or killed, those beneath it end.
"""
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
STARTED_BY = os.getppid()


def _tell(number):
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def ended_with_parent():
    """For a child, between fork and exec: it may tidy up."""
    _tell(signal.SIGTERM)


def killed_with_parent():
    """For a child, between fork and exec."""
    _tell(signal.SIGKILL)


def end_with_parent():
    """For this process: SIGINT, SIGTERM, SIGHUP and the parent's end are ways out by SystemExit."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    _tell(signal.SIGTERM)
    if os.getppid() != STARTED_BY:
        sys.exit(128 + signal.SIGTERM)
