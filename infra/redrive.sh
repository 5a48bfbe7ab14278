#!/usr/bin/env bash
# Delivers the events again that no function of a stack could handle. --list only says which there are.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=infra/tools.sh
source infra/tools.sh

exec "$(find_python)" infra/redrive.py "$@"
