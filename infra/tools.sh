# Sourced by other scripts: messages, and Python with what they need.
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

# Puts a Python environment at the front of the path that has these packages (NAME==VERSION); it is kept between runs.
install_tools() {
    local venv="${XDG_CACHE_HOME:-$HOME/.cache}/mixtape-ci/tools" package missing=()
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    for package in "$@"; do
        grep -qxF "$package" "$venv/installed" 2> /dev/null || missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        say "installing ${missing[*]}"
        "$venv/bin/pip" install --quiet --disable-pip-version-check "${missing[@]}"
        for package in "${missing[@]}"; do
            # Another version of it is no longer there.
            [ ! -e "$venv/installed" ] || sed -i "/^${package%%==*}==/d" "$venv/installed"
            echo "$package" >> "$venv/installed"
        done
    fi
    export PATH="$venv/bin:$PATH"
}
