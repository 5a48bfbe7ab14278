# Sourced by the scripts that deploy: messages, and which Python has what sam needs.
# shellcheck shell=bash

say() { printf '== %s\n' "$*"; }

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# The interpreter that sam runs with has boto3, PyYAML and tomlkit; sam's own installers hide it, so another may do.
find_python() {
    local sam first candidate
    sam="$(command -v sam)" || die "sam is missing: pip install aws-sam-cli cargo-lambda"
    read -r first < "$sam" || true
    for candidate in "${first#\#!}" python3; do
        if [ -n "$candidate" ] && "$candidate" -c 'import boto3, tomlkit, yaml' 2> /dev/null; then
            echo "$candidate"
            return
        fi
    done
    die "python3 has no boto3, PyYAML or tomlkit: pip install boto3 pyyaml tomlkit"
}
