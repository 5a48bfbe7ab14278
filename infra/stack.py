"""What deploy.sh and remove.sh ask of template.yaml, of samconfig.toml and of CloudFormation.

It needs boto3, PyYAML and tomlkit, which all come with aws-sam-cli. `python stack.py --help` lists the commands.
"""

import argparse
import io
import json
import shlex
import sys
import zipfile
from pathlib import Path

import boto3
import tomlkit
import yaml
from botocore.exceptions import ClientError, WaiterError

ROOT = Path(__file__).resolve().parent.parent

# Megabytes of a function's zip file, at most. What is larger takes longer to start: have a look at what grew.
LIMITS = json.loads((ROOT / "infra/sizes.json").read_text())

# What holds data: to replace or to remove one of these is to lose what is in it.
KEEPS_DATA = ("AWS::DynamoDB::Table", "AWS::S3::Bucket")


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (`!Ref X`) as what follows them: nothing here needs their values."""


def plain(loader, _suffix, node):
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


Loader.add_multi_constructor("!", plain)


def template():
    return yaml.load((ROOT / "template.yaml").read_text(), Loader)


def functions():
    """The functions of the template with their logical ids. One folder, one crate, one binary each."""
    return dict(sorted((Path(item["Properties"]["CodeUri"]).name, logical)
                       for logical, item in template()["Resources"].items()
                       if item["Type"] == "AWS::Serverless::Function"))


def configured(environment, key):
    """A setting of `sam deploy` in samconfig.toml, or None. What all commands share stands under `global`."""
    config = tomlkit.parse((ROOT / "samconfig.toml").read_text()).unwrap()
    if environment not in config:
        sys.exit(f"samconfig.toml has no [{environment}.…]; it has: {', '.join(k for k in config if k != 'version')}")
    shared = config[environment].get("global", {}).get("parameters", {})
    return {**shared, **config[environment].get("deploy", {}).get("parameters", {})}.get(key)


def client(service, arguments):
    """A client as `sam deploy` makes it with the same settings."""
    profile, region = (configured(arguments.config_env, key) for key in ("profile", "region"))
    arn = getattr(arguments, "change_set", "").split(":")
    return boto3.Session(profile_name=profile, region_name=arn[3] if len(arn) > 3 else region).client(service)


def overrides(environment):
    """The parameters of the template that samconfig.toml sets. `sam` writes one text, people write a list."""
    found = configured(environment, "parameter_overrides") or []
    return dict(item.split("=", 1) for item in (shlex.split(found) if isinstance(found, str) else found))


def ask(name, default, allowed=(), description=""):
    if description:
        print(f"\n{description}")
    choices = f" ({'|'.join(allowed)})" if allowed else ""
    while True:
        answer = input(f"{name}{choices} [{default}]: ").strip() or default
        if not allowed or answer in allowed:
            return answer
        print(f"Choose one of {', '.join(allowed)}.")


def guide(arguments):
    """Asks for everything that can be chosen and keeps the answers in samconfig.toml.

    `sam deploy --guided` does too, but then asks for each of the routes whether it may be called without the gateway's
    own authorization. They are to be: the functions check the tokens.
    """
    path = ROOT / "samconfig.toml"
    config = tomlkit.parse(path.read_text())
    settings = config[arguments.config_env]["deploy"]["parameters"]
    stack = ask("Stack name", arguments.stack or configured(arguments.config_env, "stack_name"))
    settings["stack_name"] = stack
    region = configured(arguments.config_env, "region") or boto3.Session().region_name or "us-east-1"
    settings["region"] = ask("Region", region)
    chosen, known = [], overrides(arguments.config_env)
    for name, parameter in template()["Parameters"].items():
        # What is built for is decided where it is built.
        if name == "Architecture":
            continue
        default = str(parameter["Default"])
        allowed = [str(value) for value in parameter.get("AllowedValues", [])]
        value = ask(name, known.get(name, default), allowed, parameter.get("Description", ""))
        if value != default:
            chosen.append(f"{name}={value}")
    settings["parameter_overrides"] = tomlkit.item(chosen).multiline(True)
    path.write_text(tomlkit.dumps(config))
    print(f"\nThe answers are in samconfig.toml, for --config-env {arguments.config_env}.")


def print_packages(_arguments):
    print("\n".join(functions()))


def print_logical_ids(_arguments):
    for name, logical in functions().items():
        print(f"{name}\t{logical}")


def print_parameters(arguments):
    for name, value in overrides(arguments.config_env).items():
        print(f"{name}={value}")


def print_setting(arguments):
    value = configured(arguments.config_env, arguments.key)
    print("" if value is None else str(value))


def check_sizes(arguments):
    """Packs each function as `sam deploy` does; fails if one that was built for release has become too large."""
    too_large = []
    print(f"{'function':<16}{'zip':>9}{'limit':>9}")
    for name in functions():
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(ROOT / "target/lambda" / name / "bootstrap", "bootstrap")
        size, limit = len(packed.getvalue()) / 1e6, LIMITS["functions"].get(name, LIMITS["default"])
        print(f"{name:<16}{size:>6.2f} MB{limit:>6} MB{'  too large' if size > limit else ''}")
        if size > limit:
            too_large.append(name)
    if too_large and arguments.profile == "release":
        sys.exit(f"too large: {', '.join(too_large)}. `cargo tree -e normal -p NAME` shows what is in it; "
                 "the limits stand in infra/sizes.json.")


def changes(cloudformation, change_set):
    token = {}
    while True:
        page = cloudformation.describe_change_set(ChangeSetName=change_set, **token)
        yield from (change["ResourceChange"] for change in page.get("Changes", []) if "ResourceChange" in change)
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def causes(change):
    """The properties for which a resource is replaced. That a table gets more attributes, for a new index, is none."""
    targets = [detail["Target"] for detail in change["Details"] if change["Replacement"] == "True"
               or detail.get("Evaluation") == "Static" and detail["Target"].get("RequiresRecreation") != "Never"]
    return sorted({target.get("Name") or target["Attribute"] for target in targets} - {"AttributeDefinitions"})


def guard(arguments):
    """Deletes and refuses a change set that would cost data."""
    cloudformation = client("cloudformation", arguments)
    refused = []
    for change in changes(cloudformation, arguments.change_set):
        if change["ResourceType"] not in KEEPS_DATA:
            continue
        what = f"{change['LogicalResourceId']} ({change.get('PhysicalResourceId', 'new')})"
        if change["Action"] == "Remove":
            refused.append(f"remove {what}")
        elif change.get("Replacement", "False") != "False" and causes(change):
            refused.append(f"replace {what}, because of its {', '.join(causes(change))}")
    if not refused:
        return
    cloudformation.delete_change_set(ChangeSetName=arguments.change_set)
    sys.exit("Refused, and nothing was changed. This deployment would\n"
             + "".join(f"  {line}\n" for line in refused)
             + "Undo that change in template.yaml. If the data shall go elsewhere, add a table under another logical "
             "id and name,\ncopy the data, and remove the old one with the CloudFormation console when nothing "
             "reads it any more.")


def execute(arguments):
    """Executes a change set, waits for its end, and says what failed."""
    cloudformation = client("cloudformation", arguments)
    described = cloudformation.describe_change_set(ChangeSetName=arguments.change_set)
    stack = described["StackId"]
    is_new = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    cloudformation.execute_change_set(ChangeSetName=arguments.change_set)
    waiter = cloudformation.get_waiter("stack_create_complete" if is_new else "stack_update_complete")
    try:
        waiter.wait(StackName=stack, WaiterConfig={"Delay": 5, "MaxAttempts": 360})
    except WaiterError:
        for event in failures(cloudformation, stack):
            print(f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'failed')}", file=sys.stderr)
        sys.exit("The deployment failed and was rolled back. A stack that was never complete is removed with "
                 "infra/remove.sh before the next attempt.")
    print(f"deployed {described['StackName']}")


def failures(cloudformation, stack):
    """What failed in the last operation, oldest first, without what was only cancelled because of it."""
    found = []
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack):
        for event in page["StackEvents"]:
            if event.get("ResourceStatusReason") == "User Initiated":
                return found[::-1]
            if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in event.get("ResourceStatusReason", ""):
                found.append(event)
    return found[::-1]


def print_outputs(arguments):
    stack = client("cloudformation", arguments).describe_stacks(StackName=arguments.stack)["Stacks"][0]
    for output in stack.get("Outputs", []):
        if arguments.key in (None, output["OutputKey"]):
            print(output["OutputValue"] if arguments.key else f"{output['OutputKey']}\t{output['OutputValue']}")


def kept(cloudformation, stack):
    """Physical ids of what outlives the stack, by type."""
    template = cloudformation.get_template(StackName=stack)["TemplateBody"]
    template = yaml.load(template, Loader) if isinstance(template, str) else template
    retained = {name for name, item in template["Resources"].items() if item.get("DeletionPolicy") == "Retain"}
    found = {kind: [] for kind in KEEPS_DATA}
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
        for resource in page["StackResourceSummaries"]:
            if resource["LogicalResourceId"] in retained and resource.get("PhysicalResourceId"):
                found.setdefault(resource["ResourceType"], []).append(resource["PhysicalResourceId"])
    return found


def print_kept(arguments):
    try:
        found = kept(client("cloudformation", arguments), arguments.stack)
    except ClientError as error:
        sys.exit(f"{arguments.stack}: {error.response['Error']['Message']}")
    for kind, names in found.items():
        for name in names:
            print(f"{kind}\t{name}")


def remove(arguments):
    cloudformation = client("cloudformation", arguments)
    cloudformation.delete_stack(StackName=arguments.stack)
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=arguments.stack, WaiterConfig={"Delay": 5, "MaxAttempts": 360})
    except WaiterError as error:
        sys.exit(f"{arguments.stack} could not be removed: {error}. The CloudFormation console says why.")


def delete_data(arguments):
    """Deletes tables, their protection first, and buckets with what is in them."""
    dynamodb, s3 = client("dynamodb", arguments), client("s3", arguments)
    for kind, name in (line.rstrip("\n").split("\t") for line in sys.stdin):
        if kind == "AWS::DynamoDB::Table":
            dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
            dynamodb.get_waiter("table_exists").wait(TableName=name)
            dynamodb.delete_table(TableName=name)
        elif kind == "AWS::S3::Bucket":
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
                if keys := [{"Key": item["Key"]} for item in page.get("Contents", [])]:
                    s3.delete_objects(Bucket=name, Delete={"Objects": keys, "Quiet": True})
            s3.delete_bucket(Bucket=name)
        else:
            print(f"not deleted, since this script does not know how: {kind} {name}")
            continue
        print(f"deleted {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config-env", default="default", help="the set of parameters in samconfig.toml")
    commands = parser.add_subparsers(required=True)
    for name, run, *operands in (
        ("guide", guide, "--stack"),
        ("packages", print_packages),
        ("logical-ids", print_logical_ids),
        ("parameters", print_parameters),
        ("setting", print_setting, "key"),
        ("sizes", check_sizes, "profile"),
        ("guard", guard, "change_set"),
        ("execute", execute, "change_set"),
        ("outputs", print_outputs, "stack", "--key"),
        ("kept", print_kept, "stack"),
        ("remove", remove, "stack"),
        ("delete-data", delete_data),
    ):
        command = commands.add_parser(name, help=(run.__doc__ or "").split("\n")[0])
        command.set_defaults(run=run)
        for operand in operands:
            command.add_argument(operand)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
