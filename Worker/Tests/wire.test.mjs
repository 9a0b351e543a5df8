// Routes and directives: the cases of wire-cases.json, against the Worker, and against the native
// server too when WORKER_NATIVE_BINARY names it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { Client, KVNamespace, Upstream } from "./support/harness.mjs";
import { answerAsAsked } from "./support/wire-upstream.mjs";

const cases = JSON.parse(readFileSync(new URL("wire-cases.json", import.meta.url)));

async function check(upstream, ask, { requests }) {
  const texts = [];
  for (const [place, request] of requests.entries()) {
    const calls = upstream.calls;
    const answer = await ask(request);
    texts.push(answer.text);
    const where = `request ${place}: ${request.path}`;
    assert.equal(answer.status, request.status ?? 200, `${where}: ${answer.text}`);
    if (request.cache !== undefined) {
      const wanted = request.cache === null ? [null] : request.cache.split("|");
      assert.ok(wanted.includes(answer.cache), `${where}: ${answer.cache}, not ${wanted}`);
    }
    if (request.code) assert.equal(JSON.parse(answer.text).error.code, request.code, where);
    if (request.code) assert.equal(JSON.parse(answer.text).error.type, "reprise_error", where);
    if (request.answer) assert.equal(answer.text, request.answer, where);
    if (request.retry) assert.equal(answer.headers.get("x-should-retry"), request.retry, where);
    if (request.sameAs !== undefined) assert.equal(answer.text, texts[request.sameAs], where);
    if (request.upstreamPath) assert.equal(upstream.requests.at(-1).url, request.upstreamPath, where);
    assert.equal(upstream.calls - calls, request.calls, `${where}: upstream calls`);
    for (const seen of upstream.requests.slice(calls)) {
      const leaked = Object.keys(seen.headers).filter((name) => /^x-proxy-|^cache-control$/.test(name));
      assert.deepEqual(leaked, [], where);
    }
  }
}

describe("the Worker", () => {
  let upstream;
  before(async () => {
    upstream = await Upstream.start();
    upstream.answer = answerAsAsked;
  });
  after(() => upstream.close());
  for (const [number, wire] of cases.entries()) {
    test(wire.name, async () => {
      const client = new Client({
        DEFAULT_UPSTREAM: upstream.url,
        UPSTREAMS: `other=${upstream.url}/other`,
        OPENAI_CACHE: new KVNamespace(),
      });
      await check(
        upstream,
        ({ path, method, headers, body }) =>
          client.ask(path, { method, headers: { "x-case": `${number}`, ...headers }, body }),
        wire,
      );
    });
  }
});

const native = process.env.WORKER_NATIVE_BINARY;
describe("the native server", { skip: native ? false : "WORKER_NATIVE_BINARY names no binary" }, () => {
  let upstream, server, url;
  before(async () => {
    upstream = await Upstream.start();
    upstream.answer = answerAsAsked;
    server = spawn(native, [
      "serve", "--listen", "127.0.0.1:0", "--store", "memory:",
      "--default-upstream", upstream.url, "--upstream", `other=${upstream.url}/other`,
    ], { stdio: ["ignore", "pipe", "ignore"] });
    const [line] = await once(createInterface(server.stdout), "line");
    url = /listens on (http:\/\/[^\s,]+)/.exec(line)[1];
  });
  after(() => {
    server.kill();
    upstream.close();
  });
  for (const [number, wire] of cases.entries()) {
    // `fetch` cannot send an upgrade over a socket.
    if (wire.name === "websocket") continue;
    test(wire.name, async () => {
      await check(
        upstream,
        async ({ path, method = "POST", headers = {}, body }) => {
          const response = await fetch(url + path, {
            method,
            // A credential of the case's own keeps the cases apart.
            headers: {
              "content-type": "application/json", ...headers,
              authorization: `${headers.authorization ?? "Bearer k"}-${number}`,
              "cache-control": headers["cache-control"] ?? "x",
            },
            body: method === "GET" ? undefined : (body ?? '{"model":"m","messages":[]}'),
          });
          return { status: response.status, headers: response.headers, cache: response.headers.get("cache-status"), text: await response.text() };
        },
        wire,
      );
    });
  }
});
