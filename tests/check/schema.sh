#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The schemas in docs/ are sound and agree with each other. That lines are valid is shown where
# lines are made: tests/unit/alert/test_schema.c, and the end-to-end tests, call schema.py on them.

set -euo pipefail
cd "$(dirname "$0")/../.."
exec tests/check/schema.py
