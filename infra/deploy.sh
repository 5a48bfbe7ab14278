#!/usr/bin/env bash
# Builds all functions, deploys them with everything else that template.yaml describes, and tries the result.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=infra/tools.sh
source infra/tools.sh

usage() {
    cat << 'USAGE'
infra/deploy.sh [--stack NAME] [--config-env NAME] [--guided] [--yes] [PARAMETER=VALUE…]

  --stack NAME        the stack's name; default: the one of samconfig.toml
  --config-env NAME   the set of parameters in samconfig.toml: default, development or production
  --guided            ask for everything that can be chosen, and keep the answers in samconfig.toml
  --yes               do not ask before the changes are made
  --profile NAME      the Cargo profile to build with; default: release
  --no-build          deploy what is in target/lambda
  --no-smoke          do not ask the API anything afterwards
  PARAMETER=VALUE     a parameter of the template, before those of samconfig.toml
USAGE
}

stack="" config_env="default" guided="" yes="" profile="release" builds=1 smoke=1
parameters=()
while [ $# -gt 0 ]; do
    case "$1" in
        --stack) stack="${2:?"--stack needs a name"}"; shift ;;
        --config-env) config_env="${2:?"--config-env needs a name"}"; shift ;;
        --profile) profile="${2:?"--profile needs a name"}"; shift ;;
        --guided) guided=1 ;;
        --yes) yes=1 ;;
        --no-build) builds="" ;;
        --no-smoke) smoke="" ;;
        --help) usage; exit ;;
        [A-Z]*=*) parameters+=("$1") ;;
        *) usage >&2; die "unknown: $1" ;;
    esac
    shift
done

check_tools() {
    if [ -n "$builds" ]; then
        command -v cargo > /dev/null || die "cargo is missing: install Rust with rustup"
        cargo lambda --version > /dev/null 2>&1 || die "cargo-lambda is missing: pip install cargo-lambda"
    fi
    command -v curl > /dev/null || die "curl is missing"
    python="$(find_python)"
}

helper() { "$python" infra/stack.py --config-env "$config_env" "$@"; }

# As the parameter says, or arm64, which costs a fifth less, where this toolchain can build for it. What is missing is
# not fetched unasked: a toolchain may be shared, and cargo-lambda would wait for a server that is out of reach.
choose_architecture() {
    local target=aarch64-unknown-linux-gnu parameter
    for parameter in "${parameters[@]+"${parameters[@]}"}"; do
        case "$parameter" in
            Architecture=arm64) architecture=arm64 flag=--arm64; return ;;
            Architecture=x86_64) architecture=x86_64 flag=--x86-64; return ;;
        esac
    done
    if [ -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
        architecture=arm64 flag=--arm64
    else
        architecture=x86_64 flag=--x86-64
        say "this toolchain cannot build for arm64: building and deploying for x86_64, which costs a fourth more"
        echo "   for arm64: rustup target add $target"
    fi
}

build() {
    local packages=() name
    for name in $(helper packages); do packages+=(-p "$name"); done
    say "building $((${#packages[@]} / 2)) functions for $architecture"
    cargo lambda build --profile "$profile" "$flag" --lambda-dir target/lambda "${packages[@]}"
    helper sizes "$profile"
}

# Makes a change set with sam and sets `change_set`: empty if nothing changes.
propose() {
    local parameter log chosen=() overrides=()
    while read -r parameter; do chosen+=("$parameter"); done < <(helper parameters)
    # The last one counts. In quotes, as sam wants a value that may hold spaces or nothing.
    for parameter in "${chosen[@]+"${chosen[@]}"}" "${parameters[@]+"${parameters[@]}"}" "Architecture=$architecture"; do
        overrides+=("${parameter%%=*}=\"${parameter#*=}\"")
    done
    log="$(mktemp)"
    PYTHONUNBUFFERED=1 sam deploy --config-env "$config_env" --stack-name "$stack" --no-execute-changeset \
        --no-fail-on-empty-changeset --no-progressbar --parameter-overrides "${overrides[@]}" | tee "$log"
    change_set="$(grep -oE 'arn:[^ ]+:changeSet/[^ ]+' "$log" | tail -n 1 || true)"
    rm "$log"
}

confirm() {
    [ -z "$yes" ] && [ "$(helper setting confirm_changeset)" = True ] || return 0
    [ -t 0 ] || die "Nothing was changed: nobody is there to confirm it. Add --yes."
    local answer
    read -rp "Make these changes? [y/N] " answer
    [ "$answer" = y ] || die "Nothing was changed."
}

# One function, so that all of it is read before it runs: a build takes long enough for somebody to check out another
# commit.
main() {
    change_set=""
    check_tools
    if [ -n "$guided" ]; then
        helper guide ${stack:+--stack "$stack"}
        stack=""
    fi
    stack="${stack:-$(helper setting stack_name)}"
    choose_architecture
    [ -z "$builds" ] || build
    say "comparing with what is deployed"
    propose
    if [ -n "$change_set" ]; then
        helper guard "$change_set"
        confirm
        say "deploying"
        helper execute "$change_set"
    fi
    say "$stack"
    helper outputs "$stack"
    if [ -n "$smoke" ]; then
        say "trying it"
        infra/smoke.sh "$(helper outputs "$stack" --key ApiAddress)"
    fi
}

main
