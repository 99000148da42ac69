#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# evmon --trace on the running kernel: ../trace.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/trace.py
