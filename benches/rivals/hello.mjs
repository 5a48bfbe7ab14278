// Hello world for `bench cold`: what benches/hello does, in Node with the AWS SDK and no runtime beside this loop.

import http from "node:http";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";

const client = new DynamoDBClient({ maxAttempts: 4 });
const table = `${process.env.TABLE_PREFIX}-home`;
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true });
const invocation = "/2018-06-01/runtime/invocation/";

function ask(method, path, body) {
    return new Promise((resolve, reject) => {
        const request = http.request({ host, port, method, path, agent }, (answer) => {
            const parts = [];
            answer.on("data", (part) => parts.push(part));
            answer.on("end", () => resolve({ headers: answer.headers, text: Buffer.concat(parts).toString() }));
        });
        request.setNoDelay(true);
        request.on("error", reject);
        request.end(body);
    });
}

async function handle(event) {
    let message = "hello";
    if (event.rawPath === "/item") {
        const key = { pk: { S: "NOBODY" }, sk: { S: "NOBODY" } };
        const found = await client.send(new GetItemCommand({ TableName: table, Key: key }));
        message = found.Item ? "somebody" : "nobody";
    }
    return { statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify({ message }) };
}

for (;;) {
    const next = await ask("GET", `${invocation}next`);
    const answer = await handle(JSON.parse(next.text));
    await ask("POST", `${invocation}${next.headers["lambda-runtime-aws-request-id"]}/response`, JSON.stringify(answer));
}
