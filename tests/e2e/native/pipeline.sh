#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# From this kernel's hooks to the journal and to a subscriber: ../pipeline.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/pipeline.py
