#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# `make demo`: evmon beside a stand-in EVerest on this machine's own kernel. Each misdeed that this
# kernel lets it see is committed and shown as it comes out of the journal and off the MQTT topic.
# Exit status 0: all came out at both ends, with the same bytes. demo.py does it.

set -euo pipefail
cd "$(dirname "$0")/../.."
exec python3 tests/e2e/demo.py "$@"
