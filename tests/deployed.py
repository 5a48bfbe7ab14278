"""What tests/deployed.sh needs beyond `sam deploy`: MiniStack leaves some things of a stack undone.

It needs boto3, and AWS_ENDPOINT_URL in the environment. Everything is read from the deployed stack.
"""

import argparse
import json
import os
import sys

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
    """Changes variables of all functions; a name without a value is taken away."""
    changed = dict(item.split("=", 1) for item in arguments.variables)
    for name in resources(arguments.stack, "AWS::Lambda::Function").values():
        variables = LAMBDA.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        variables = {key: value for key, value in (variables | changed).items() if value or key not in changed}
        LAMBDA.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


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


def check_dead_letters(arguments):
    """Fails if an event was given up on."""
    sqs = boto3.client("sqs")
    for name, url in resources(arguments.stack, "AWS::SQS::Queue").items():
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            print(f"{name}: {message['Body'][:500]}", file=sys.stderr)
        if messages:
            sys.exit("events that no function could handle are in the queue of dead letters")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stack", required=True)
    commands = parser.add_subparsers(required=True)
    commands.add_parser("routes", help=make_routes.__doc__).set_defaults(run=make_routes)
    commands.add_parser("plain-http", help=allow_plain_http.__doc__).set_defaults(run=allow_plain_http)
    commands.add_parser("dead-letters", help=check_dead_letters.__doc__).set_defaults(run=check_dead_letters)
    command = commands.add_parser("environment", help=set_environment.__doc__)
    command.add_argument("variables", nargs="+", metavar="NAME=VALUE")
    command.set_defaults(run=set_environment)
    command = commands.add_parser("invoke", help=invoke.__doc__)
    command.add_argument("function")
    command.set_defaults(run=invoke)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
