#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Bad input: one line, the right exit code, and nothing broken: ../errors.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/errors.py
