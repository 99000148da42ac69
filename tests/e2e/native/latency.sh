#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# From the hook to the disk and to the subscriber, in microseconds: ../latency.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/latency.py
