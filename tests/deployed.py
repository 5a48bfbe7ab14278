"""What tests/deployed.sh needs beyond `sam deploy`: MiniStack leaves some things of a stack undone.

It needs boto3, and AWS_ENDPOINT_URL in the environment. Everything is read from the deployed stack.
"""

import argparse
import json
import os
import sys
import time
from datetime import datetime, timezone

import boto3
from botocore.config import Config

CLOUDFORMATION = boto3.client("cloudformation")
# A function may take as long as its own limit, and an invocation must not be repeated behind the caller's back.
LAMBDA = boto3.client("lambda", config=Config(read_timeout=900, retries={"max_attempts": 0}))


def resources(stack, kind):
    """Physical ids by logical ids."""
    pages = CLOUDFORMATION.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {item["LogicalResourceId"]: item["PhysicalResourceId"]
            for page in pages for item in page["StackResourceSummaries"] if item["ResourceType"] == kind}


def processed(stack):
    template = CLOUDFORMATION.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    return json.loads(template) if isinstance(template, str) else template


def functions(stack):
    """Physical names by the names of the binaries, which sam's logs know as `{Name}Function`."""
    found = resources(stack, "AWS::Lambda::Function")
    return {logical.removesuffix("Function").lower(): physical for logical, physical in found.items()}


def listed(value):
    return value.split(",") if isinstance(value, str) else value


def make_routes(arguments):
    """Makes the routes that stand in the API's OpenAPI body, which MiniStack does not read, and prints the address."""
    gateway = boto3.client("apigatewayv2")
    (logical, api), = resources(arguments.stack, "AWS::ApiGatewayV2::Api").items()
    body = processed(arguments.stack)["Resources"][logical]["Properties"]["Body"]
    arns = {name: LAMBDA.get_function(FunctionName=physical)["Configuration"]["FunctionArn"]
            for name, physical in resources(arguments.stack, "AWS::Lambda::Function").items()}
    for route in gateway.get_routes(ApiId=api, MaxResults="500")["Items"]:
        gateway.delete_route(ApiId=api, RouteId=route["RouteId"])
    integrations, count = {}, 0
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            uri = json.dumps(operation["x-amazon-apigateway-integration"]["uri"])
            function = next(name for name in arns if f"${{{name}.Arn}}" in uri or f'"{name}"' in uri or arns[name] in uri)
            if function not in integrations:
                integrations[function] = gateway.create_integration(
                    ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arns[function],
                    PayloadFormatVersion="2.0")["IntegrationId"]
            method = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
            gateway.create_route(
                ApiId=api, RouteKey=f"{method} {path}", Target=f"integrations/{integrations[function]}")
            count += 1
    if cors := body.get("x-amazon-apigateway-cors"):
        # A parameter that is a list arrives as its text.
        cors = cors | {"allowOrigins": listed(cors["allowOrigins"])}
        gateway.update_api(ApiId=api, CorsConfiguration={
            name[0].upper() + name[1:]: value for name, value in cors.items()})
    print(f"{count} routes to {len(integrations)} functions", file=sys.stderr)
    print(f"{os.environ['AWS_ENDPOINT_URL']}/_aws/execute-api/{api}/$default")


def set_environment(arguments):
    """Changes variables of all functions, and how long they may take; a name without a value is taken away."""
    changed = dict(item.split("=", 1) for item in arguments.variables)
    for name in resources(arguments.stack, "AWS::Lambda::Function").values():
        variables = LAMBDA.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        variables = {key: value for key, value in (variables | changed).items() if value or key not in changed}
        LAMBDA.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}, Timeout=arguments.timeout)


def allow_plain_http(arguments):
    """Takes the policies of buckets away: they refuse requests without TLS, which the emulator does not speak."""
    s3 = boto3.client("s3")
    for bucket in resources(arguments.stack, "AWS::S3::Bucket").values():
        s3.delete_bucket_policy(Bucket=bucket)


def invoke(arguments):
    """Invokes a function with the event on stdin and prints what it answers."""
    answer = LAMBDA.invoke(FunctionName=functions(arguments.stack)[arguments.function], Payload=sys.stdin.buffer.read())
    payload = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        sys.exit(payload)
    print(payload)


def run_schedules(arguments):
    """Invokes what schedules invoke, with the input and the time that they would give it: MiniStack fills in no time."""
    scheduler = boto3.client("scheduler")
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    for name in resources(arguments.stack, "AWS::Scheduler::Schedule").values():
        target = scheduler.get_schedule(Name=name)["Target"]
        event = target["Input"].replace("<aws.scheduler.scheduled-time>", now)
        answer = LAMBDA.invoke(FunctionName=target["Arn"], Payload=event.encode())
        if answer.get("FunctionError"):
            sys.exit(f"{name}: {answer['Payload'].read().decode()}")


def check_exercised(arguments):
    """Fails if the tests have left no trace of a table, the bucket, a function's log or a stream's mapping.

    tests/deployed.md says of every resource what exercises it; this is what of that can be looked up afterwards.
    """
    dynamodb, s3, logs = boto3.client("dynamodb"), boto3.client("s3"), boto3.client("logs")
    cloudwatch = boto3.client("cloudwatch")

    def has_log(name):
        group = LAMBDA.get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"]
        return bool(logs.describe_log_streams(logGroupName=group, limit=1)["logStreams"])

    def is_read(mapping):
        return LAMBDA.get_event_source_mapping(UUID=mapping)["LastProcessingResult"].startswith("OK")

    traces = {
        "AWS::CloudWatch::Dashboard": lambda name: cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"],
        "AWS::DynamoDB::Table": lambda name: dynamodb.scan(TableName=name, Limit=1)["Count"] > 0,
        "AWS::Lambda::EventSourceMapping": is_read,
        "AWS::Lambda::Function": has_log,
        "AWS::S3::Bucket": lambda name: s3.list_objects_v2(Bucket=name, MaxKeys=1)["KeyCount"] > 0,
    }
    untouched = [f"{logical} ({kind})" for kind, is_touched in traces.items()
                 for logical, physical in resources(arguments.stack, kind).items() if not is_touched(physical)]
    if untouched:
        sys.exit(f"the tests have left no trace of {', '.join(untouched)}")


def check_roles(arguments):
    """Fails if a function's role may do more than its policies in the template and the one that SAM attaches say."""
    iam = boto3.client("iam")
    managed = {"AWSLambdaBasicExecutionRole", *(arn.rsplit("/", 1)[1] for arn in resources(
        arguments.stack, "AWS::IAM::ManagedPolicy").values())}
    for name in resources(arguments.stack, "AWS::Lambda::Function").values():
        role = LAMBDA.get_function_configuration(FunctionName=name)["Role"].rsplit("/", 1)[1]
        attached = {policy["PolicyName"] for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}
        if not attached <= managed:
            sys.exit(f"{role} has more than the template says: {', '.join(sorted(attached - managed))}")
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            statements = document["Statement"]
            if any("*" in listed_in(statement, "Action") or "*" in listed_in(statement, "Resource")
                   for statement in statements):
                sys.exit(f"{role} may do anything: {json.dumps(statements)}")


def listed_in(statement, key):
    value = statement.get(key, [])
    return value if isinstance(value, list) else [value]


def check_dead_letters(arguments):
    """Fails if an event was given up on."""
    sqs = boto3.client("sqs")
    for name, url in resources(arguments.stack, "AWS::SQS::Queue").items():
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            print(f"{name}: {message['Body'][:500]}", file=sys.stderr)
        if messages:
            sys.exit("events that no function could handle are in the queue of dead letters")


def give_up(arguments):
    """Puts into the queue what Lambda puts there of events that were given up: of each kind one that can be handled."""
    arns = {name: LAMBDA.get_function_configuration(FunctionName=physical)["FunctionArn"]
            for name, physical in functions(arguments.stack).items()}
    tables = resources(arguments.stack, "AWS::DynamoDB::Table")
    stream = boto3.client("dynamodb").describe_table(TableName=tables["TracksTable"])["Table"]["LatestStreamArn"]
    streams = boto3.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    numbers = [record["dynamodb"]["SequenceNumber"]
               for record in streams.get_records(ShardIterator=iterator["ShardIterator"], Limit=3)["Records"]]
    shuffle = {"scheduled_time": "2026-11-21T09:00:00Z"}
    letters = [
        ({"version": "1.0", "requestContext": {"functionArn": arns["indexer"], "condition": "RetryAttemptsExhausted"},
          "DDBStreamBatchInfo": {"shardId": shard, "startSequenceNumber": numbers[0], "endSequenceNumber": numbers[-1],
                                 "batchSize": len(numbers), "streamArn": stream}}, {}),
        ({"version": "1.0", "requestContext": {"functionArn": arns["cleanup"] + ":$LATEST"},
          "requestPayload": {"sweep": {}}}, {}),
        (shuffle, {"TARGET_ARN": {"DataType": "String", "StringValue": arns["shuffle"]}}),
    ]
    (queue,) = resources(arguments.stack, "AWS::SQS::Queue").values()
    for body, attributes in letters:
        boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(body), MessageAttributes=attributes)


def say_sent(arguments):
    """Lets an upload be as it is where objects lie in another store and its client says that the file was sent, and fails
    if the function `ingest` does not hear of it."""
    table = resources(arguments.stack, "AWS::DynamoDB::Table")["MediaTable"]
    mapping = resources(arguments.stack, "AWS::Lambda::EventSourceMapping")["IngestReadsMedia"]
    account, upload, now = "01KAGR41C3M7T2Z9V5B8NQ4K6W", "01JD6Y3Q5R8WZ0V4C2B7M9N1XK", "2026-11-21T09:30:00.000Z"
    texts = {"pk": f"OWNER#{account}", "sk": "UPLOAD#of-a-test", "id": upload, "owner_id": account, "status": "waiting",
             "filename": "song.mp3", "content_type": "audio/mpeg", "sha256": "0" * 64,
             "created_at": now, "updated_at": now, "expires_at": now}
    item = {name: {"S": text} for name, text in texts.items()}
    item |= {name: {"NULL": True} for name in ("track_id", "code", "detail")}
    item |= {"size_bytes": {"N": "1"}, "reserved": {"BOOL": True}, "cancelled": {"BOOL": False}}
    dynamodb = boto3.client("dynamodb")
    dynamodb.put_item(TableName=table, Item=item)
    dynamodb.put_item(TableName=table, Item=item | {"sent": {"BOOL": True}})
    for _ in range(60):
        if LAMBDA.get_event_source_mapping(UUID=mapping)["LastProcessingResult"].startswith("OK"):
            dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk")})
            return
        time.sleep(1)
    sys.exit("the function ingest did not hear that a file was sent")


def all_items(table):
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return {(item["pk"]["S"], item["sk"]["S"]): item for page in pages for item in page["Items"]}


def copy_table(arguments):
    """Copies a table as a restored one would be, and then takes something from the live one and adds to it."""
    dynamodb, live = boto3.client("dynamodb"), f"{arguments.stack}-{arguments.table}"
    dynamodb.create_table(
        TableName=f"{arguments.prefix}-{arguments.table}", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}])
    items = all_items(live)
    for item in items.values():
        dynamodb.put_item(TableName=f"{arguments.prefix}-{arguments.table}", Item=item)
    first = next(iter(items.values()))
    dynamodb.delete_item(TableName=live, Key={name: first[name] for name in ("pk", "sk")})
    dynamodb.put_item(TableName=live, Item=first | {"sk": {"S": "written since"}})


def check_same(arguments):
    """Fails if a table is not as its copy."""
    if all_items(f"{arguments.stack}-{arguments.table}") != all_items(f"{arguments.prefix}-{arguments.table}"):
        sys.exit(f"the table {arguments.table} is not what it was")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stack", required=True)
    commands = parser.add_subparsers(required=True)
    commands.add_parser("routes", help=make_routes.__doc__).set_defaults(run=make_routes)
    commands.add_parser("plain-http", help=allow_plain_http.__doc__).set_defaults(run=allow_plain_http)
    commands.add_parser("schedules", help=run_schedules.__doc__).set_defaults(run=run_schedules)
    commands.add_parser("exercised", help=check_exercised.__doc__).set_defaults(run=check_exercised)
    commands.add_parser("roles", help=check_roles.__doc__).set_defaults(run=check_roles)
    commands.add_parser("dead-letters", help=check_dead_letters.__doc__).set_defaults(run=check_dead_letters)
    commands.add_parser("give-up", help=give_up.__doc__).set_defaults(run=give_up)
    commands.add_parser("sent", help=say_sent.__doc__).set_defaults(run=say_sent)
    for name, run in (("copy", copy_table), ("same", check_same)):
        command = commands.add_parser(name, help=run.__doc__)
        command.add_argument("table")
        command.add_argument("prefix")
        command.set_defaults(run=run)
    command = commands.add_parser("environment", help=set_environment.__doc__)
    command.add_argument("--timeout", type=int, required=True, metavar="SECONDS")
    command.add_argument("variables", nargs="+", metavar="NAME=VALUE")
    command.set_defaults(run=set_environment)
    command = commands.add_parser("invoke", help=invoke.__doc__)
    command.add_argument("function")
    command.set_defaults(run=invoke)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
