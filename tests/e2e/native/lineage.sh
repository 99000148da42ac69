#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Trees that come and go, in a namespace, without room: ../lineage.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/lineage.py
