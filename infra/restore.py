"""Brings the data of a stack back to what it was: tables from point-in-time recovery, objects from their old versions.

    python infra/restore.py --stack NAME --at 2026-11-20T12:00:00Z [--tables tracks,playlists] [--yes]
    python infra/restore.py --stack NAME --copies PREFIX [--tables …] [--yes]

Each table is restored beside the live one, under PREFIX-TABLE; then the live one is made equal to it, item by item, so
that its streams tell search, counts and clean-up what has changed. Objects that were deleted since then are there again
for as long as the bucket keeps old versions. --copies takes tables that were restored already, for example from a
backup of their own. Stop writers first: what is written meanwhile is undone. Both copies of one table at a time are held in
memory, so that --tables may have to bring the largest ones back on a larger machine.

It needs boto3, which comes with aws-sam-cli; infra/restore.sh finds it.
"""

import argparse
import sys
from datetime import datetime, timezone

import boto3

# Whose things they are first.
ORDER = ("accounts", "media", "tracks", "playlists", "listens", "home")
# Counts follow from the listens by their stream, and some lie in the bucket; keys that are in use must stay.
NEVER = ("insights", "keys")
# Written once under keys that are never used again. What else lies in the bucket is made again from the tables.
OBJECTS = ("audio/", "images/")


def live(stack):
    """The stack's tables by their short names, and its bucket."""
    tables, bucket = {}, None
    for page in boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack):
        for item in page["StackResourceSummaries"]:
            name = item["PhysicalResourceId"]
            if item["ResourceType"] == "AWS::DynamoDB::Table":
                tables[name.removeprefix(f"{stack}-")] = name
            elif item["ResourceType"] == "AWS::S3::Bucket":
                bucket = name
    return tables, bucket


def restore(dynamodb, source, target, at):
    """Starts to restore a table beside the live one."""
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=source, TargetTableName=target, RestoreDateTime=at, BillingModeOverride="PAY_PER_REQUEST",
        GlobalSecondaryIndexOverride=[], LocalSecondaryIndexOverride=[])


def items(dynamodb, table):
    """All items by their keys."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return {(item["pk"]["S"], item["sk"]["S"]): item for page in pages for item in page["Items"]}


def write(dynamodb, table, requests):
    """Writes in batches, and what the table could not take at once again."""
    for start in range(0, len(requests), 25):
        left = {table: requests[start:start + 25]}
        while left:
            left = dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems")


def make_equal(dynamodb, copy, table):
    """Makes a table hold what its copy holds. Answers how many items were put and deleted."""
    wanted, found = items(dynamodb, copy), items(dynamodb, table)
    puts = [{"PutRequest": {"Item": item}} for key, item in wanted.items() if found.get(key) != item]
    deletes = [{"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}}
               for pk, sk in found.keys() - wanted.keys()]
    write(dynamodb, table, puts + deletes)
    return len(puts), len(deletes)


def undelete(bucket, at):
    """Takes away what marks objects as deleted since then. Answers how many."""
    s3, count = boto3.client("s3"), 0
    for prefix in OBJECTS:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            for marker in page.get("DeleteMarkers", []):
                if marker["IsLatest"] and marker["LastModified"] >= at:
                    s3.delete_object(Bucket=bucket, Key=marker["Key"], VersionId=marker["VersionId"])
                    count += 1
    return count


def moment(text):
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)


def confirm(stack, what):
    print(what)
    if not sys.stdin.isatty() or input("Type the stack's name to go on: ") != stack:
        sys.exit("Nothing was changed. Without a terminal, add --yes.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stack", required=True, help="the stack's name")
    when = parser.add_mutually_exclusive_group(required=True)
    when.add_argument("--at", type=moment, help="the moment, for example 2026-11-20T12:00:00Z")
    when.add_argument("--copies", metavar="PREFIX", help="tables PREFIX-TABLE that were restored already")
    parser.add_argument("--tables", help="only these, by their short names, with commas between them")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    arguments = parser.parse_args()
    dynamodb = boto3.client("dynamodb")
    tables, bucket = live(arguments.stack)
    chosen = arguments.tables.split(",") if arguments.tables else [name for name in ORDER if name in tables]
    if never := [name for name in chosen if name in NEVER]:
        sys.exit(f"{', '.join(never)} is never brought back: counts follow from the listens, and keys are made anew")
    if unknown := [name for name in chosen if name not in tables]:
        sys.exit(f"{arguments.stack} has no table {', '.join(unknown)}; it has {', '.join(sorted(tables))}")
    chosen.sort(key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    prefix = arguments.copies or f"{arguments.stack}-{arguments.at:%Y%m%d%H%M%S}"
    if not arguments.yes:
        confirm(arguments.stack, f"{', '.join(chosen)} of {arguments.stack} will be as in {prefix}-…")
    if arguments.at:
        for name in chosen:
            restore(dynamodb, tables[name], f"{prefix}-{name}", arguments.at)
        for name in chosen:
            print(f"waiting for {prefix}-{name}")
            dynamodb.get_waiter("table_exists").wait(
                TableName=f"{prefix}-{name}", WaiterConfig={"Delay": 20, "MaxAttempts": 1000})
        print(f"{undelete(bucket, arguments.at)} objects are there again")
    for name in chosen:
        put, deleted = make_equal(dynamodb, f"{prefix}-{name}", tables[name])
        print(f"{name}: {put} put, {deleted} deleted")
    print(f"The copies {prefix}-… are yours to delete.")
    if "tracks" in chosen:
        print('Search follows by the stream; the event {"reindex": true} for the function indexer makes it sure.')


if __name__ == "__main__":
    main()
