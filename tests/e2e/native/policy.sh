#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# check, policy show, policy diff, policy schema, explain: ../policy.py has the tests.

set -euo pipefail
cd "$(dirname "$0")/../../.."
exec tests/e2e/policy.py
