#!/usr/bin/env bash
# Invokes every function of the template with its sample events in Lambda's own image, as `sam local invoke` does.
# It needs a Docker engine, and what infra/deploy.sh or `cargo lambda build` left in target/lambda. There are no stores,
# so what counts is that each function starts, takes the event and answers: a problem is an answer too.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=infra/tools.sh
source infra/tools.sh

if ! docker info > /dev/null 2>&1; then
    echo "skipped: no Docker engine runs here"
    exit 0
fi
install_tools aws-sam-cli==1.167.0
python="$(find_python)"
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none

architecture=x86_64
[ "$(uname -m)" != aarch64 ] || architecture=arm64

# Asked for once, and not before each invocation.
image="public.ecr.aws/lambda/provided:al2023-$architecture"
if ! docker image inspect "$image" > /dev/null 2>&1 && ! docker pull --quiet "$image"; then
    echo "skipped: $image is not here and cannot be fetched"
    exit 0
fi

# `sam local invoke` answers 0 for a function that failed, too: what the runtime reports is looked at.
invoke() {
    local logical="$1" event="$2" answer
    answer="$(sam local invoke "$logical" --skip-pull-image --event "$event" --parameter-overrides "Architecture=$architecture" 2>&1)" ||
        die "$logical with $event: $answer"
    if grep -qE "Runtime\.(ExitError|InvalidEntrypoint)|Function '[^']*' timed out" <<< "$answer"; then
        die "$logical with $event: $answer"
    fi
    echo "ok  $logical  $event"
}

"$python" infra/stack.py logical-ids | while IFS=$'\t' read -r name logical; do
    [ -x "target/lambda/$name/bootstrap" ] || die "target/lambda/$name is missing: run cargo lambda build first"
    for event in "events/$name.json" "events/$name"-*.json; do
        [ ! -e "$event" ] || invoke "$logical" "$event" < /dev/null
    done
done
