#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# evmon-publish as the daemon's child: ../supervise.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/supervise.py
