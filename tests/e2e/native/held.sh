#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Sockets that were open before evmon looked, or came through an exec: ../held.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 tests/e2e/held.py
