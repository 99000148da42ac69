#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# EVerest's start and habits give exactly what the design names: ../benign.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/benign.py
