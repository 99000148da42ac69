#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A tree that ran before evmon: ../snapshot.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/snapshot.py
