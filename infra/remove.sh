#!/usr/bin/env bash
# Takes a stack down. Tables and the bucket stay, unless --with-data is given.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=infra/tools.sh
source infra/tools.sh

usage() {
    cat << 'USAGE'
infra/remove.sh [--stack NAME] [--config-env NAME] [--with-data] [--yes]

  --stack NAME        the stack's name; default: the one of samconfig.toml
  --config-env NAME   the set of parameters in samconfig.toml: default, development or production
  --with-data         delete the tables and the bucket too, for good
  --yes               do not ask
USAGE
}

stack="" config_env="default" with_data="" yes=""
while [ $# -gt 0 ]; do
    case "$1" in
        --stack) stack="${2:?"--stack needs a name"}"; shift ;;
        --config-env) config_env="${2:?"--config-env needs a name"}"; shift ;;
        --with-data) with_data=1 ;;
        --yes) yes=1 ;;
        --help) usage; exit ;;
        *) usage >&2; die "unknown: $1" ;;
    esac
    shift
done

helper() { "$python" infra/stack.py --config-env "$config_env" "$@"; }

# The name is typed, because there is no way back.
confirm() {
    [ -z "$yes" ] || return 0
    [ -t 0 ] || die "Nothing was removed: nobody is there to confirm it. Add --yes."
    local answer
    read -rp "Type the stack's name to remove it: " answer
    [ "$answer" = "$stack" ] || die "Nothing was removed."
}

how_to_delete() {
    local kind name
    while IFS=$'\t' read -r kind name; do
        case "$kind" in
            AWS::DynamoDB::Table)
                echo "  aws dynamodb update-table --no-deletion-protection-enabled --table-name $name"
                echo "  aws dynamodb delete-table --table-name $name" ;;
            AWS::S3::Bucket) echo "  aws s3 rb --force s3://$name" ;;
            *) echo "  # and $kind $name" ;;
        esac
    done <<< "$1"
}

python="$(find_python)"
stack="${stack:-$(helper setting stack_name)}"
kept="$(helper kept "$stack")"
say "removing $stack; these hold its data:"
echo "$kept"
[ -z "$with_data" ] || say "they will be deleted too, with everything in them"
confirm
helper remove "$stack"
say "$stack is removed"
if [ -n "$with_data" ]; then
    helper delete-data <<< "$kept"
    exit
fi
echo "The tables and the bucket are kept. As long as they are there, a new stack cannot take their names."
echo "To delete them for good:"
how_to_delete "$kept"
