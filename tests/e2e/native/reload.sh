#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The policy replaced while evmon runs: ../reload.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/reload.py
