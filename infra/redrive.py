"""Delivers the events again that no function could handle, and takes those that are handled now off the queue.

    python infra/redrive.py --stack NAME [--list]

It needs boto3, which comes with aws-sam-cli; infra/redrive.sh finds it. Handlers look at what is there now and not at
what an event says, so delivering one again at any time, or twice, does no harm.
"""

import argparse
import base64
import json
import sys

import boto3
from boto3.dynamodb.types import Binary
from botocore.config import Config
from botocore.exceptions import ClientError

# A stream keeps a record for 24 hours. After that, this finds what is left to do.
REPAIRS = {
    "cleanup": '{"sweep": {}}',
    "indexer": '{"reindex": true}, then with the `after` that it answers as `next`',
    "tally": '{"recount": {"account": "ID"}} for each account',
}


def physical(stack):
    """The queue's address, and the names of the binaries by the ARNs of their functions."""
    cloudformation, queue, names = boto3.client("cloudformation"), None, {}
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
        for item in page["StackResourceSummaries"]:
            if item["LogicalResourceId"] == "DeadLetters":
                queue = item["PhysicalResourceId"]
            elif item["ResourceType"] == "AWS::Lambda::Function":
                names[item["PhysicalResourceId"]] = item["LogicalResourceId"].removesuffix("Function").lower()
    if not queue:
        sys.exit(f"the stack {stack} has no queue of dead letters")
    return queue, names


def letters(sqs, queue):
    """All that wait, each once. They are hidden from others for as long as a function may run."""
    seen = set()
    while True:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=900,
                                     MessageAttributeNames=["All"])
        new = [message for message in answer.get("Messages", []) if message["MessageId"] not in seen]
        if not new:
            return
        for message in new:
            seen.add(message["MessageId"])
            yield message


def plain(value):
    """A value as the event of a stream has it: bytes in Base64, times in seconds since 1970."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if isinstance(value, Binary):
        value = value.value
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    return value.timestamp() if hasattr(value, "timestamp") else value


def records(batch):
    """The records that a failed batch of a stream had, or None when the stream has them no more."""
    streams = boto3.client("dynamodbstreams")
    last, found = int(batch["endSequenceNumber"]), []
    try:
        iterator = streams.get_shard_iterator(
            StreamArn=batch["streamArn"], ShardId=batch["shardId"], ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=batch["startSequenceNumber"])["ShardIterator"]
        while iterator:
            answer = streams.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                if int(record["dynamodb"]["SequenceNumber"]) > last:
                    return found
                found.append(plain(record) | {"eventSourceARN": batch["streamArn"]})
            if found and int(found[-1]["dynamodb"]["SequenceNumber"]) >= last:
                return found
            iterator = answer.get("NextShardIterator") if answer["Records"] else None
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("TrimmedDataAccessException", "ResourceNotFoundException"):
            raise
        return None
    return found or None


def contents(message):
    """Which function was to handle what: an event, or a batch of a stream. Nothing of what is no dead letter."""
    try:
        body = json.loads(message["Body"])
    except ValueError:
        return None, None, None
    if not isinstance(body, dict):
        return None, None, None
    if batch := body.get("DDBStreamBatchInfo"):
        return body["requestContext"]["functionArn"], None, batch
    if "requestPayload" in body:
        return body["requestContext"]["functionArn"], body["requestPayload"], None
    # A rule or a schedule sends the event itself, and says in attributes for whom it was.
    attributes = message.get("MessageAttributes", {})
    target = attributes.get("TARGET_ARN", {}).get("StringValue")
    return target, body, None


def name_of(arn):
    """The function's name, of an ARN that may end in a version."""
    return arn.split(":function:")[-1].split(":")[0] if arn else ""


def deliver(function, event):
    """Why it failed, or None."""
    client = boto3.client("lambda", config=Config(read_timeout=900, retries={"max_attempts": 0}))
    answer = client.invoke(FunctionName=function, Payload=json.dumps(event))
    payload = json.loads(answer["Payload"].read() or "null")
    if answer.get("FunctionError"):
        return payload.get("errorMessage", "it failed")
    if isinstance(payload, dict) and payload.get("batchItemFailures"):
        return "some of its records failed; the log of the function says why"
    return None


def handle(message, names):
    """Why this one must stay, or None when it can go."""
    arn, event, batch = contents(message)
    function = name_of(arn)
    binary = names.get(function, function)
    if not function:
        return "it does not say for which function it was; read it in the console of SQS, then delete it"
    if batch:
        found = records(batch)
        if found is None:
            repair = REPAIRS.get(binary, "an event of its own")
            return f"the stream has its records no more; invoke {binary} with {repair}, then delete the message"
        event = {"Records": found}
    return deliver(function, event)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stack", required=True, help="the stack's name")
    parser.add_argument("--list", action="store_true", help="only say what waits")
    arguments = parser.parse_args()
    queue, names = physical(arguments.stack)
    sqs = boto3.client("sqs")
    handled, left = 0, []
    try:
        for message in letters(sqs, queue):
            left.append(message)
            arn, _, batch = contents(message)
            what = f"{message['MessageId']} {names.get(name_of(arn), name_of(arn) or 'unknown')}"
            if batch:
                since = batch.get("approximateArrivalOfFirstRecord", "?")
                what += f" {batch.get('batchSize', '?')} records since {since}"
            if arguments.list:
                print(what)
                continue
            reason = handle(message, names)
            if reason is None:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                left.pop()
                handled += 1
            print(f"{what}: {reason or 'handled'}")
    finally:
        for message in left:
            # Others may look at it at once.
            sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    if arguments.list:
        print(f"{len(left)} wait")
    else:
        print(f"{handled} handled, {len(left)} left")
        sys.exit(1 if left else 0)


if __name__ == "__main__":
    main()
