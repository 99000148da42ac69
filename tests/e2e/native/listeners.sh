#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Who holds which listening socket: ../listeners.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/listeners.py
