// One cache: what the Worker stores in a real Redis, through a stand-in of Upstash's REST API, has the
// name and the text that native code computes, and the other way round. The native server itself stands
// beside the Worker in native-server.test.mjs.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, afterEach, before, beforeEach, mock, test } from "node:test";
import { Operation, beginMessage, fields, i64, u32, utf8 } from "./support/frames.mjs";
import { Client, Upstream } from "./support/harness.mjs";
import { NativeCore } from "./support/native.mjs";
import { Redis } from "./support/redis.mjs";

const NOW = 1_700_000_000_000;
const BODY = '{"model":"gpt-é","messages":[{"role":"user","content":"Hi 😀"}],"n":1.0}';
const HEADERS = [
  ["authorization", "Bearer k"], ["content-type", "application/json"], ["x-proxy-namespace", "team"],
  ["x-proxy-tags", "a, b"], ["x-proxy-ttl", "600"],
];
const HEAD = { "content-type": "application/json", "x-request-id": "r1" };
const ANSWER = '{"choices":[{"index":0,"finish_reason":"stop","message":{"content":"é\\u0000"}}],"usage":{"prompt_tokens":1,"completion_tokens":2}}';

const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
let redis, upstream, native, client;

before(async () => {
  redis = await Redis.start();
});

after(() => redis.stop());

beforeEach(async () => {
  await redis.command(["FLUSHALL"]);
  mock.timers.enable({ apis: ["Date"], now: NOW });
  upstream = await Upstream.start();
  upstream.answer = (_, response) => {
    response.writeHead(200, { ...HEAD, "content-length": Buffer.byteLength(ANSWER) });
    response.end(ANSWER);
  };
  native = new NativeCore();
  client = new Client({
    DEFAULT_UPSTREAM: upstream.url,
    UPSTASH_REDIS_REST_URL: redis.restURL,
    UPSTASH_REDIS_REST_TOKEN: redis.token,
  });
});

afterEach(() => {
  mock.timers.reset();
  upstream.close();
  native.close();
});

const ask = (headers = {}) =>
  client.ask("/v1/chat/completions", { body: BODY, headers: { ...Object.fromEntries(HEADERS), ...headers } });

async function digest(step) {
  const digests = [];
  let offset = 6;
  for (let left = step.readUInt32LE(2); left > 0; left--) {
    const length = step.readUInt32LE(offset);
    digests.push(sha256(step.subarray(offset + 4, offset + 4 + length)));
    offset += 4 + length;
  }
  return native.call(Operation.digests, 0, Buffer.concat([i64(NOW), ...digests]));
}

/** Brings the request to the point where native code asks its store, and returns the name. */
async function nativeLookup() {
  await native.call(Operation.begin, 0, beginMessage({
    settings: [["DEFAULT_UPSTREAM", upstream.url]], target: "/proxy/chat/completions", headers: HEADERS,
  }));
  const load = await digest(await native.call(Operation.requestBody, 0, utf8(BODY)));
  return load.subarray(6).toString();
}

/** Finishes the request natively; returns name, text and milliseconds of the entry. */
async function nativeEntry() {
  await nativeLookup();
  await native.call(Operation.storedText, 0, Buffer.of(0));
  await native.call(Operation.responseHead, 0, Buffer.concat([i64(NOW), u32(200), fields([...Object.entries(HEAD), ["content-length", String(Buffer.byteLength(ANSWER))]])]));
  await native.call(Operation.chunk, 0, Buffer.concat([i64(NOW), utf8(ANSWER)]));
  await digest(await native.call(Operation.responseEnd, 0, Buffer.concat([i64(NOW), Buffer.of(1)])));
  const save = await native.call(Operation.entry, 0);
  const nameEnd = 6 + save.readUInt32LE(2);
  const textEnd = nameEnd + 4 + save.readUInt32LE(nameEnd);
  return {
    name: save.subarray(6, nameEnd).toString(),
    text: save.subarray(nameEnd + 4, textEnd).toString(),
    milliseconds: Number(save.readBigInt64LE(textEnd)),
  };
}

test("the Worker's entry has the name, text and expiry that native code computes", async () => {
  assert.equal((await ask()).cache, "reprise; fwd=uri-miss; stored");
  const entry = await nativeEntry();
  assert.deepEqual(await redis.command(["KEYS", "*"]), [entry.name]);
  assert.equal(await redis.command(["GET", entry.name]), entry.text);
  const left = await redis.command(["PTTL", entry.name]);
  assert.ok(left <= entry.milliseconds && left > entry.milliseconds - 60_000, `${left} ms left`);
});

test("an entry of the Worker is a native hit", async () => {
  await ask();
  const text = await redis.command(["GET", await nativeLookup()]);
  const check = await native.call(Operation.storedText, 0, Buffer.concat([Buffer.of(1), utf8(text)]));
  const answer = await digest(check);
  assert.equal(answer[0], 0, "it is answered");
  assert.ok(answer.includes("reprise; hit; ttl=600"));
});

test("an entry of native code is a hit in the Worker", async () => {
  const { name, text } = await nativeEntry();
  await redis.command(["SET", name, text]);
  const hit = await ask();
  assert.equal(hit.cache, "reprise; hit; ttl=600");
  assert.equal(hit.text, ANSWER);
  assert.equal(upstream.calls, 0);
});

test("a damaged entry is removed from Redis", async () => {
  await ask();
  const name = await nativeLookup();
  await redis.command(["SETRANGE", name, "300", "#"]);
  assert.equal((await ask({ "cache-control": "only-if-cached" })).status, 504);
  assert.equal(await redis.command(["EXISTS", name]), 0);
});

test("a Redis that goes away is a miss, and caching resumes when it is back", async () => {
  await ask();
  const { fetch } = globalThis;
  mock.method(console, "error", () => {});
  globalThis.fetch = (url, options) =>
    url.startsWith(redis.restURL) ? Promise.reject(new TypeError("fetch failed")) : fetch(url, options);
  try {
    assert.equal((await ask()).cache, "reprise; fwd=uri-miss; stored");
  } finally {
    globalThis.fetch = fetch;
    mock.restoreAll();
  }
  assert.match((await ask()).cache, /^reprise; hit/);
});
