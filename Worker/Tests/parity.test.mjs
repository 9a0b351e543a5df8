// The shipped module and the same sources built for this machine give the same bytes for the same
// calls: for the vectors of the core, for whole lives of requests, and for damaged messages.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  Operation, RawModule, beginMessage, bytes, fields, i64, latin1, seeded, u32, utf8,
} from "./support/frames.mjs";

const vectors = (name) =>
  JSON.parse(readFileSync(new URL(`../../Tests/Vectors/${name}.json`, import.meta.url)));
const native = new URL("../.build/native/debug/frame-results", import.meta.url).pathname;

const NOW = 1_700_000_100_000;
const sha256 = (data) => createHash("sha256").update(data).digest();

/** The kind of a step, past the handle that `begin` puts before it. */
const Kind = { respond: 0, forward: 1, readBody: 2, hash: 3, load: 4, stream: 5, collect: 6, proceed: 7, save: 8, done: 9 };

function digestsOf(result) {
  const digests = [];
  let offset = 6;
  for (let left = result.readUInt32LE(2); left > 0; left--) {
    const length = result.readUInt32LE(offset);
    digests.push(sha256(result.subarray(offset + 4, offset + 4 + length)));
    offset += 4 + length;
  }
  return Buffer.concat(digests);
}

/** Lives a request through to its end; `storedText` is what the store has. */
function live(module, { begin, body = Buffer.alloc(0), storedText, head, chunks = [], isClean = true, now = NOW, failure }) {
  const first = module.call(Operation.begin, 0, beginMessage(begin));
  const handle = first.readUInt32LE(0);
  const kinds = [];
  if (handle === 0xffffffff) return [first[4]];
  let step = first.subarray(4);
  for (let count = 0; count < 40; count++) {
    kinds.push(step[0]);
    switch (step[0]) {
      case Kind.readBody:
        step = module.call(Operation.requestBody, handle, body);
        continue;
      case Kind.hash:
        step = module.call(Operation.digests, handle, Buffer.concat([i64(now), digestsOf(step)]));
        if (step[1] & 2) {
          kinds.push(step[0]);
          step = module.call(Operation.entry, handle);
        }
        continue;
      case Kind.load:
        step = module.call(
          Operation.storedText, handle,
          storedText ? Buffer.concat([Buffer.of(1), storedText]) : Buffer.of(0));
        continue;
      case Kind.forward:
        step = failure !== undefined || !head
          ? module.call(Operation.upstreamFailure, handle,
              Buffer.concat([i64(now), Buffer.of(failure ?? 0), bytes(utf8("refused"))]))
          : module.call(Operation.responseHead, handle,
              Buffer.concat([i64(now), u32(head.status), fields(head.headers)]));
        continue;
      case Kind.collect:
      case Kind.stream: {
        let overflow;
        for (const [index, chunk] of chunks.entries()) {
          const next = module.call(Operation.chunk, handle,
            Buffer.concat([i64(now + index * 7), chunk]));
          if (next[0] === Kind.stream) overflow = next;
        }
        if (step[0] === Kind.stream && index(chunks) % 3 === 0) module.call(Operation.clientGone, handle);
        step = module.call(Operation.responseEnd, handle, Buffer.concat([i64(now), Buffer.of(Number(isClean))]));
        if (overflow) kinds.push(Kind.stream);
        continue;
      }
    }
    break;
  }
  module.call(Operation.release, handle);
  return kinds;
}

const index = (chunks) => chunks.reduce((sum, chunk) => sum + chunk.length, 0);

function split(data, random) {
  const chunks = [];
  for (let start = 0; start < data.length; ) {
    const length = 1 + random.below(random.pick([3, 40, 4000]));
    chunks.push(data.subarray(start, start + length));
    start += length;
  }
  return chunks;
}

/** Runs the same calls natively and compares every answer. */
async function compare(module) {
  const child = spawn(native, { stdio: ["pipe", "pipe", "inherit"] });
  const output = [];
  child.stdout.on("data", (data) => output.push(data));
  const ended = new Promise((resolve) => child.on("close", resolve));
  for (const { operation, handle, message } of module.calls) {
    child.stdin.write(Buffer.concat([u32(operation), u32(handle), u32(message.length), message]));
  }
  child.stdin.end();
  assert.equal(await ended, 0, "the native program's exit code");
  const results = Buffer.concat(output);
  let offset = 0;
  for (const [number, { operation, message, result }] of module.calls.entries()) {
    const length = results.readUInt32LE(offset);
    const expected = results.subarray(offset + 4, offset + 4 + length);
    if (!expected.equals(result)) {
      assert.fail(
        `call ${number}, operation ${operation}, of ${message.toString("latin1").slice(0, 300)}\n` +
          `native: ${expected.toString("latin1").slice(0, 300)}\n` +
          `wasm:   ${result.toString("latin1").slice(0, 300)}`);
    }
    offset += 4 + length;
  }
  assert.equal(offset, results.length, "all native results are compared");
  return module.calls.length;
}

const JSON_TYPE = ["content-type", "application/json"];
const CHAT = utf8('{"model":"m","messages":[{"role":"user","content":"Hi"}],"max_tokens":5,"n":1}');
const okHead = { status: 200, headers: [JSON_TYPE, ["x-request-id", "r"], ["cache-status", "up; hit"]] };
const okBody = utf8('{"choices":[{"index":0,"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4}}');

test("policy and key vectors give the same decisions and keys", async () => {
  const module = new RawModule();
  let cacheable = 0;
  for (const vector of [...vectors("policy"), ...vectors("key-material")]) {
    const { method, path, query, headers, body, upstream, sharesCredentials, namespace } = vector;
    const kinds = live(module, {
      begin: {
        settings: [
          ...(upstream ? [["DEFAULT_UPSTREAM", upstream]] : []),
          ...(sharesCredentials ? [["SHARE_ACROSS_CREDENTIALS", "true"]] : []),
        ],
        method, target: `/proxy${path}${query == null ? "" : `?${query}`}`,
        headers: [...headers, ...(namespace ? [["x-proxy-namespace", namespace]] : [])],
      },
      body: utf8(body ?? ""), head: okHead, chunks: [okBody],
    });
    if (kinds.includes(Kind.load)) cacheable++;
  }
  assert.ok(cacheable > 50, `${cacheable} cacheable requests`);
  await compare(module);
});

test("key vectors lead to the keys that they name", () => {
  for (const vector of vectors("key-material")) {
    // No client can choose an empty namespace: the header is refused.
    if (!vector.key || vector.namespace === "" || vector.method !== "POST" || vector.mediaType !== "application/json") continue;
    const module = new RawModule();
    live(module, {
      begin: {
        settings: [
          ["DEFAULT_UPSTREAM", vector.upstream],
          ["SHARE_ACROSS_CREDENTIALS", String(vector.sharesCredentials)],
        ],
        target: `/v1${vector.path}${vector.query == null ? "" : `?${vector.query}`}`,
        headers: [...vector.headers, ...(vector.namespace ? [["x-proxy-namespace", vector.namespace]] : [])],
      },
      body: utf8(vector.body),
    });
    const loads = module.calls.filter(({ result }) => result[0] === Kind.load);
    if (loads.length === 0) continue; // not an endpoint that is cached
    const name = loads[0].result.subarray(6).toString();
    assert.equal(name, `reprise:${vector.key}`, vector.name);
  }
});

test("canonical JSON vectors lead to the same key material", async () => {
  const module = new RawModule();
  for (const cases of Object.values(vectors("canonical-json"))) {
    for (const vector of cases) {
      const document = vector.document ?? vector;
      if (typeof document !== "string") continue;
      for (const body of [document, `{"model":"m","metadata":${document}}`]) {
        live(module, {
          begin: { target: "/v1/chat/completions", headers: [JSON_TYPE] },
          body: utf8(body), head: okHead, chunks: [okBody],
        });
      }
    }
  }
  assert.ok((await compare(module)) > 500);
});

test("commit vectors are judged the same, however their bodies are cut", async () => {
  const module = new RawModule();
  const random = seeded(1);
  const verdicts = { storable: 0, rejected: 0 };
  for (const vector of vectors("commit-rules")) {
    for (let round = 0; round < 4; round++) {
      const body = vector.body !== undefined ? utf8(vector.body) : Buffer.from(vector.bodyHex ?? "", "hex");
      const request = { model: "m", n: vector.answers ?? 1 };
      if (vector.limitsOutput) request.max_tokens = 5;
      const kinds = live(module, {
        begin: { target: `/v1/${vector.endpoint}`, headers: [JSON_TYPE] },
        body: utf8(JSON.stringify(request)),
        head: {
          status: vector.status ?? 200,
          headers: [...vector.headers, ["transfer-encoding", "chunked"]],
        },
        chunks: split(body, random), isClean: vector.framed !== false,
      });
      const isStored = kinds.at(-1) === Kind.save;
      verdicts[isStored ? "storable" : "rejected"]++;
      if (vector.expect === "storable") assert.ok(isStored, vector.name);
    }
  }
  assert.ok(verdicts.storable > 100 && verdicts.rejected > 100, JSON.stringify(verdicts));
  await compare(module);
});

test("entry vectors are replayed the same, also when they are damaged", async () => {
  const module = new RawModule();
  const random = seeded(2);
  let hits = 0;
  for (const vector of vectors("entry")) {
    for (let round = 0; round < 150; round++) {
      const storedText = utf8(vector.text);
      if (round > 0) storedText[random.below(storedText.length)] ^= 1 << random.below(8);
      const kinds = live(module, {
        begin: {
          target: "/v1/chat/completions",
          headers: [JSON_TYPE, ["cache-control", random.pick(["max-stale", "max-age=60", "min-fresh=5", "stale-if-error=999999", "only-if-cached", "x"])]],
        },
        body: CHAT, storedText, now: random.pick([NOW, NOW + 3_600_000, NOW - 10_000_000_000]),
        ...(random.chance(2) ? { head: { ...okHead, status: random.pick([200, 503]) }, chunks: [okBody] } : {}),
      });
      if (kinds.includes(Kind.respond)) hits++;
    }
  }
  assert.ok(hits > 100, `${hits} hits`);
  await compare(module);
});

test("thousands of generated requests live the same life", async () => {
  const random = seeded(3);
  const paths = ["/chat/completions", "/responses", "/embeddings", "/messages", "/audio/speech", "/images/generations", "/files", "/completions?a=b", ""];
  const value = (depth) =>
    random.pick([
      () => null, () => true, () => random.below(1e9) / random.pick([1, 10, 1000]), () => random.below(99), () => "é😀\u0000\"\\" + random.below(100),
      () => (depth > 3 ? [] : Array.from({ length: random.below(5) }, () => value(depth + 1))),
      () => (depth > 3 ? {} : Object.fromEntries(Array.from({ length: random.below(5) }, () => [random.pick(["a", "model", "stream", "tools", "type", "input", "ü", "background", "store", "n", "max_tokens"]), value(depth + 1)]))),
    ])();
  const module = new RawModule();
  const entries = [];
  for (let round = 0; round < 3000; round++) {
    const request = { model: "m", ...(random.chance(2) ? { stream: random.chance(2) } : {}), ...(random.chance(2) ? { extra: value(0) } : {}) };
    if (random.chance(10)) request.tools = [{ type: random.pick(["function", "web_search", "mcp", "odd"]) }];
    let body = utf8(JSON.stringify(request, null, random.below(3)));
    if (random.chance(8)) body = body.subarray(0, random.below(body.length));
    const isStream = random.chance(2);
    const answer = isStream
      ? Array.from({ length: random.below(6) }, (_, index) => `data: {"choices":[{"index":0,"delta":{"content":"${index}"},"finish_reason":${random.chance(5) ? "null" : '"stop"'}}]}${random.pick(["\n\n", "\r\n\r\n", "\r\r"])}`).join("") + (random.chance(4) ? "" : "data: [DONE]\n\n")
      : JSON.stringify({ id: round, choices: [{ index: 0, finish_reason: random.pick(["stop", "stop", "stop", "length", null]) }], error: random.chance(9) ? {} : null });
    const kinds = live(module, {
      begin: {
        settings: [
          ["TTL", random.pick(["", "60", "x", "99999999999"])], ["MAX_ENTRY", random.pick(["", "100", "1000"])],
          ["UPSTREAMS", random.pick(["", "a=http://A.b:80/", "a=http://h/x, b=https://[::1]:443/y/", "v1=http://a"])],
        ].filter(() => random.chance(15)),
        method: random.pick(["POST", "POST", "POST", "GET", "DELETE"]),
        target: random.pick(["/v1", "/proxy", "/v1", "/a"]) + (random.chance(3) ? random.pick(paths) : "/chat/completions"),
        headers: [
          JSON_TYPE, ["authorization", `Bearer ${random.below(3)}`],
          ["x-proxy-ttl", random.pick(["60", "0", "x", "-1", "3600", "99999999999999999999"])],
          ["x-proxy-refresh", random.pick(["true", "false", "1"])], ["x-proxy-tags", random.pick(["a,b", "", "a b"])],
          ["cache-control", random.pick(["no-cache", "no-store", "only-if-cached", "max-age=1, min-fresh=\"3\"", "max-stale"])],
          ["cf-ray", "1"], ["x-forwarded-for", "1.2.3.4"], ["cookie", "a=b"], ["connection", "close, x-gone"], ["x-gone", "1"],
          ["accept", "text/event-stream"], ["content-length", random.pick(["10", "99999999", "x"])], ["upgrade", "WebSocket"],
        ].filter((_, place) => place < 2 || random.chance(25)),
        isUncached: random.chance(30),
      },
      body, storedText: entries.length > 0 && random.chance(3) ? random.pick(entries) : undefined,
      head: { status: random.pick([200, 200, 200, 404, 500, 503]), headers: [["content-type", isStream ? "text/event-stream" : "application/json"], ...(random.chance(5) ? [["vary", "*"]] : []), ...(random.chance(5) ? [["set-cookie", "x"], ["content-length", String(Buffer.byteLength(answer))]] : [])] },
      chunks: split(utf8(answer), random), isClean: !random.chance(6),
      failure: random.chance(12) ? random.below(3) : undefined, now: NOW + random.below(200_000),
    });
    if (kinds.at(-1) === Kind.save) {
      const saved = module.calls.at(-2).result;
      const name = saved.readUInt32LE(2);
      const text = saved.readUInt32LE(6 + name);
      entries.push(saved.subarray(10 + name, 10 + name + text));
    }
  }
  assert.ok(entries.length > 50, `${entries.length} entries`);
  assert.ok((await compare(module)) > 5000);
  assert.equal(module.exports.count(), 0, "requests left over");
});

test("damaged and random messages never trap, and are answered the same", async () => {
  const random = seeded(4);
  const module = new RawModule();
  const good = beginMessage({
    settings: [["UPSTREAMS", "a=http://h"]], target: "/v1/chat/completions",
    headers: [JSON_TYPE, ["x-proxy-ttl", "5"]],
  });
  for (let round = 0; round < 4000; round++) {
    let message = Buffer.from(good);
    if (random.chance(3)) {
      message = Buffer.from(Array.from({ length: random.below(60) }, () => random.below(256)));
    } else {
      for (let count = 0; count <= random.below(4); count++) message[random.below(message.length)] = random.below(256);
      if (random.chance(3)) message = message.subarray(0, random.below(message.length));
    }
    const result = module.call(random.pick([0, 0, 0, 1, 4, 5, 6, 7, 8, 9, 10, 12, 13, 4e9]), random.below(4), message);
    if (random.chance(5)) module.call(Operation.release, random.below(6));
    assert.ok(result.length < 10_000);
  }
  await compare(module);
});

test("memory does not grow with the number of requests", () => {
  const module = new RawModule();
  const round = () =>
    live(module, {
      begin: { target: "/v1/chat/completions", headers: [JSON_TYPE] },
      body: CHAT, head: okHead, chunks: [okBody],
    });
  for (let count = 0; count < 200; count++) round();
  const before = module.exports.memory.buffer.byteLength;
  for (let count = 0; count < 3000; count++) round();
  assert.equal(module.exports.memory.buffer.byteLength, before);
});
