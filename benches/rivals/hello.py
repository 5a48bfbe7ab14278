"""Hello world for `bench cold`: what benches/hello does, in Python with boto3 and no runtime beside this loop."""

import http.client
import json
import os

import boto3
from botocore.config import Config

CLIENT = boto3.client(
    "dynamodb",
    config=Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 4, "mode": "standard"}),
)
TABLE = f"{os.environ['TABLE_PREFIX']}-home"
INVOCATION = "/2018-06-01/runtime/invocation/"


def handle(event):
    message = "hello"
    if event["rawPath"] == "/item":
        found = CLIENT.get_item(TableName=TABLE, Key={"pk": {"S": "NOBODY"}, "sk": {"S": "NOBODY"}})
        message = "somebody" if "Item" in found else "nobody"
    body = json.dumps({"message": message})
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": body}


def main():
    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        runtime.request("GET", f"{INVOCATION}next")
        invocation = runtime.getresponse()
        answer = handle(json.loads(invocation.read()))
        request_id = invocation.getheader("lambda-runtime-aws-request-id")
        runtime.request("POST", f"{INVOCATION}{request_id}/response", json.dumps(answer))
        runtime.getresponse().read()


main()
