#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What evmon says of alerts that did not get through: ../lost.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/lost.py
