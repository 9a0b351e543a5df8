// The Worker and native servers over one real Redis: what one has stored is a hit at the other, in both
// directions, whether the native server speaks to Redis itself or to Upstash's REST API.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { Client, Upstream } from "./support/harness.mjs";
import { NativeProxy, nativeBinary } from "./support/native-proxy.mjs";
import { Redis } from "./support/redis.mjs";

const HOUR = 3_600_000;
const PATH = "/v1/chat/completions";
const JSON_BODY = '{"model":"gpt-é","messages":[{"role":"user","content":"Hi 😀"}],"n":1.0}';
const STREAM_BODY = '{"model":"gpt-é","messages":[],"stream":true}';
/** The same requests as another client may spell them. */
const SPELLINGS = {
  [JSON_BODY]: ' { "n":1, "messages":[{"content":"Hi \\ud83d\\ude00","role":"user"}], "model":"gpt-\\u00e9"} ',
  [STREAM_BODY]: '{"stream" : true, "messages" : [], "model" : "gpt-é"}',
};
const KIND = { JSON: JSON_BODY, "event-stream": STREAM_BODY };
const KEY = { authorization: "Bearer k" };
/** What belongs to a connection or to the moment rather than to the stored response. */
const OF_THE_MOMENT = ["connection", "keep-alive", "date", "transfer-encoding"];

/** A complete answer, another one each time, with what is hard to keep: UTF-8, escapes, odd line ends. */
function answer(request, response, number) {
  response.setHeader("x-request-id", `r${number}`);
  response.setHeader("X-Mixed-Case", "Ünï, two");
  response.setHeader("set-cookie", "never=stored");
  if (!JSON.parse(request.text).stream) {
    response.setHeader("content-type", "application/json");
    response.end(`{ "id":${number}, "choices":[{"index":0,"finish_reason":"stop","message":{"content":"é\\u0000😀\\r"}}]}\r\n`);
    return;
  }
  response.setHeader("content-type", "text/event-stream; charset=utf-8");
  response.write(`: ${number}\r\n\r\n`);
  response.write(Upstream.event("é😀"));
  response.end(`${Upstream.event("", "stop")}data: [DONE]\n\n`);
}

const replayed = ({ headers }) =>
  [...headers].filter(([name]) => !OF_THE_MOMENT.includes(name)).sort();

const stores = {
  "redis://": { url: () => redis.url, environment: () => ({}) },
  "upstash:": {
    url: () => "upstash:",
    environment: () => ({ UPSTASH_REDIS_REST_URL: redis.restURL, UPSTASH_REDIS_REST_TOKEN: redis.token }),
  },
};
let redis;

for (const [name, store] of Object.entries(stores)) {
  describe(`the Worker and a native server with ${name}`, {
    skip: nativeBinary ? false : "WORKER_NATIVE_BINARY names no binary",
    timeout: 300_000,
  }, () => {
    let upstream, native, worker;

    const startNative = (...options) =>
      NativeProxy.start([
        "--store", store.url(), "--default-upstream", upstream.url,
        // A slow machine is to be slow, not to miss.
        "--store-timeout", "30s", ...options,
      ], store.environment());

    const askOf = (side) => ({ body, headers = {} }) => side().ask(PATH, { body, headers: { ...KEY, ...headers } });
    const sides = { Worker: askOf(() => worker), "native server": askOf(() => native) };
    const directions = [
      ["Worker", "native server"],
      ["native server", "Worker"],
    ];

    before(async () => {
      redis = await Redis.start();
      upstream = await Upstream.start();
      upstream.answer = answer;
      native = await startNative("--memory", "0");
      worker = new Client({
        DEFAULT_UPSTREAM: upstream.url,
        UPSTASH_REDIS_REST_URL: redis.restURL,
        UPSTASH_REDIS_REST_TOKEN: redis.token,
      });
    });

    beforeEach(async () => {
      await redis.command(["FLUSHALL"]);
      upstream.requests.length = 0;
    });

    after(async () => {
      await native.stop();
      upstream.close();
      await redis.stop();
    });

    for (const [storing, hitting] of directions) {
      for (const [kind, body] of Object.entries(KIND)) {
        test(`${kind} stored by the ${storing} is a hit at the ${hitting}, byte for byte`, async () => {
          const miss = await sides[storing]({ body });
          assert.equal(miss.status, 200);
          assert.match(miss.cache, /^reprise; fwd=uri-miss/);
          const { text } = await redis.entry();
          const hit = await sides[hitting]({ body: SPELLINGS[body] });
          const own = await sides[storing]({ body });
          assert.equal(hit.cache, "reprise; hit");
          assert.equal(hit.text, miss.text);
          assert.equal(own.text, miss.text);
          assert.deepEqual(replayed(hit), replayed(own));
          assert.equal(hit.headers.get("x-request-id"), "r1");
          assert.equal(hit.headers.get("set-cookie"), null);
          assert.equal(upstream.calls, 1);
          assert.equal((await redis.entry()).text, text, "a hit changes nothing");
        });
      }

      test(`the ${hitting} honours the TTL of what the ${storing} stored`, async (context) => {
        const ask = (side, headers = {}) => sides[side]({ body: JSON_BODY, headers });
        // The Worker's clock is the one that a test can set.
        context.mock.timers.enable({ apis: ["Date"], now: Date.now() });
        await ask(storing, { "x-proxy-ttl": "600" });
        const { name } = await redis.entry();
        const retained = await redis.command(["PTTL", name]);
        assert.ok(retained > 24 * HOUR && retained <= 24 * HOUR + 600_000, `retained for ${retained} ms`);
        const fresh = await ask(hitting);
        const left = Number(/^reprise; hit; ttl=(\d+)$/.exec(fresh.cache)?.[1]);
        assert.ok(left > 0 && left <= 600, fresh.cache);
        assert.equal(upstream.calls, 1);
      });
    }

    test("what has been stale for an hour by the one's clock is stale for the other", async (context) => {
      const headers = { "x-proxy-ttl": "600" };
      const now = Date.now();
      context.mock.timers.enable({ apis: ["Date"], now: now - HOUR });
      await sides.Worker({ body: JSON_BODY, headers });
      const { text } = await redis.entry();
      const stale = await sides["native server"]({ body: JSON_BODY, headers: { ...headers, "cache-control": "max-stale" } });
      assert.match(stale.cache, /^reprise; hit; ttl=-\d+/);
      assert.match((await sides["native server"]({ body: JSON_BODY, headers })).cache, /^reprise; fwd=stale/);
      assert.equal(upstream.calls, 2);
      await redis.entry((now) => now !== text);
      context.mock.timers.setTime(now + HOUR);
      assert.match((await sides.Worker({ body: JSON_BODY, headers })).cache, /^reprise; fwd=stale/);
      assert.equal(upstream.calls, 3);
    });

    for (const [refreshing, seeing] of directions) {
      test(`a refresh by the ${refreshing} is seen by the ${seeing}`, async () => {
        const ask = (side, headers = {}) => sides[side]({ body: JSON_BODY, headers });
        const old = await ask(seeing);
        const { text } = await redis.entry();
        assert.equal((await ask(refreshing)).text, old.text);
        const refreshed = await ask(refreshing, { "x-proxy-refresh": "true" });
        await redis.entry((now) => now !== text);
        assert.notEqual(refreshed.text, old.text);
        const seen = await ask(seeing);
        assert.equal(seen.cache, "reprise; hit");
        assert.equal(seen.text, refreshed.text);
        assert.equal(upstream.calls, 2);
      });
    }

    test("memory in front of the store lets a refresh through when its time is over", async () => {
      const remembering = await startNative("--memory-ttl", "1s");
      try {
        const old = await sides.Worker({ body: JSON_BODY });
        assert.equal((await askOf(() => remembering)({ body: JSON_BODY })).text, old.text);
        const refreshed = await sides.Worker({ body: JSON_BODY, headers: { "x-proxy-refresh": "true" } });
        for (let seen; seen?.text !== refreshed.text; ) {
          seen = await askOf(() => remembering)({ body: JSON_BODY });
          assert.equal(seen.cache, "reprise; hit");
          assert.ok([old.text, refreshed.text].includes(seen.text), seen.text);
        }
        assert.equal(upstream.calls, 2);
      } finally {
        await remembering.stop();
      }
    });

    for (const [storing, reading] of directions) {
      test(`a damaged entry of the ${storing} is a miss at the ${reading}`, async () => {
        await sides[storing]({ body: STREAM_BODY });
        const { name, text } = await redis.entry();
        const content = text.indexOf("finish_reason");
        assert.ok(content > 0, "the body is in the entry");
        await redis.command(["SETRANGE", name, String(Buffer.byteLength(text.slice(0, content))), "#"]);
        const miss = await sides[reading]({ body: STREAM_BODY });
        assert.match(miss.cache, /^reprise; fwd=uri-miss/);
        assert.equal(miss.headers.get("x-request-id"), "r2");
        assert.equal(upstream.calls, 2);
        await redis.entry((now) => now.includes("r2"));
        assert.equal((await sides[storing]({ body: STREAM_BODY })).text, miss.text);
        assert.equal(upstream.calls, 2);
      });
    }
  });
}
