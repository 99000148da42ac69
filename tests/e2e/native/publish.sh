#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# evmon-publish against real brokers of its own: ../publish.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/publish.py
