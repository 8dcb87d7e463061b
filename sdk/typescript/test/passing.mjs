// The server of an application: gives its page the package, and passes on what the page asks of Burnish, with the key that only it knows.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join, normalize } from "node:path";
import { Readable } from "node:stream";

const PACKAGE = "node_modules/@burnish/client";
const PASSED = ["content-type", "idempotency-key", "if-none-match", "traceparent"];

async function passOn(request, response) {
  const headers = { authorization: `Bearer ${process.env.BURNISH_API_KEY}` };
  for (const name of PASSED) if (request.headers[name]) headers[name] = request.headers[name];
  const leaving = new AbortController();
  response.on("close", () => leaving.abort());
  const body = request.method === "GET" ? {} : { body: request, duplex: "half" };
  const answer = await fetch(process.env.BURNISH_BASE_URL + request.url.slice("/burnish".length), { method: request.method, headers, signal: leaving.signal, ...body });
  const told = Object.fromEntries([...answer.headers].filter(([name]) => !["content-encoding", "content-length", "transfer-encoding", "connection"].includes(name)));
  response.writeHead(answer.status, told);
  if (answer.body === null) response.end();
  else Readable.fromWeb(answer.body).on("error", () => response.destroy()).pipe(response);
}

const server = createServer((request, response) => {
  if (request.url.startsWith("/burnish/v1/")) {
    passOn(request, response).catch(() => response.destroy());
  } else if (request.url.startsWith("/package/")) {
    response.writeHead(200, { "content-type": "text/javascript" });
    response.end(readFileSync(join(PACKAGE, normalize(request.url.slice("/package".length)))));
  } else {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<!doctype html><title>An application</title>");
  }
}).listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
