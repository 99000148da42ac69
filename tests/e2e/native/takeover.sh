#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A daemon that is killed, stopped, unpinned, unloaded: ../takeover.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/takeover.py
