#!/usr/bin/env bash
# Brings the data of a stack back to what it was; what it does stands in restore.py.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=infra/tools.sh
source infra/tools.sh

exec "$(find_python)" infra/restore.py "$@"
