#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Modules in Python and JavaScript: ../scripts.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/scripts.py
