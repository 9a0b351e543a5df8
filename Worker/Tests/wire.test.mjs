// Routes and directives: the cases of wire-cases.json, against the Worker, and against the native
// server too when WORKER_NATIVE_BINARY names it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { Client, KVNamespace, Upstream } from "./support/harness.mjs";
import { NativeProxy, nativeBinary } from "./support/native-proxy.mjs";
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

describe("the native server", { skip: nativeBinary ? false : "WORKER_NATIVE_BINARY names no binary" }, () => {
  let upstream, proxy;
  before(async () => {
    upstream = await Upstream.start();
    upstream.answer = answerAsAsked;
    proxy = await NativeProxy.start([
      "--store", "memory:", "--default-upstream", upstream.url, "--upstream", `other=${upstream.url}/other`,
    ]);
  });
  after(async () => {
    await proxy.stop();
    upstream.close();
  });
  for (const [number, wire] of cases.entries()) {
    // `fetch` cannot send an upgrade over a socket.
    if (wire.name === "websocket") continue;
    test(wire.name, async () => {
      await check(
        upstream,
        ({ path, method, headers = {}, body }) =>
          proxy.ask(path, {
            method,
            body,
            // A credential of the case's own keeps the cases apart.
            headers: { ...headers, authorization: `${headers.authorization ?? "Bearer k"}-${number}` },
          }),
        wire,
      );
    });
  }
});
