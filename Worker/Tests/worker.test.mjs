// The built Worker from end to end, with real sockets to its upstream, in a Node that forbids what
// Workers forbid.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, mock, test } from "node:test";
import { requestListener } from "../local/node-adapter.mjs";
import { createServer, request as httpRequest } from "node:http";
import { once } from "node:events";
import { Client, KVNamespace, Upstream } from "./support/harness.mjs";

const PATH = "/v1/chat/completions";
let upstream, kv, client;

beforeEach(async () => {
  upstream = await Upstream.start();
  kv = new KVNamespace();
  client = new Client({ DEFAULT_UPSTREAM: upstream.url, OPENAI_CACHE: kv });
  mock.method(console, "error", () => {});
  mock.method(console, "warn", () => {});
});

afterEach(() => {
  mock.restoreAll();
  mock.timers.reset();
  upstream.close();
});

const text = (entry) => new TextDecoder().decode(entry.bytes);
const onlyEntry = () => {
  assert.equal(kv.entries.size, 1);
  return [...kv.entries][0];
};

test("code generation and compilation at run time are forbidden here", async () => {
  assert.throws(() => new Function("return 1"), EvalError);
  assert.throws(() => WebAssembly.compile(new Uint8Array()), WebAssembly.CompileError);
  assert.throws(() => new WebAssembly.Module(new Uint8Array()), WebAssembly.CompileError);
});

test("a document is stored and replayed with its allowlisted headers only", async () => {
  upstream.answer = (_, response) =>
    Upstream.chat(response, { "set-cookie": "a=b", "x-ratelimit-limit": "1", "openai-version": "v" });
  const miss = await client.ask(PATH);
  assert.equal(miss.cache, "reprise; fwd=uri-miss; stored");
  assert.equal(miss.headers.get("set-cookie"), null);
  assert.equal(miss.headers.get("x-ratelimit-limit"), "1");
  const hit = await client.ask(PATH);
  assert.equal(hit.cache, "reprise; hit");
  assert.equal(hit.text, miss.text);
  assert.equal(hit.headers.get("age"), "0");
  assert.equal(hit.headers.get("openai-version"), "v");
  assert.equal(hit.headers.get("x-ratelimit-limit"), null);
  assert.equal(upstream.calls, 1);
});

test("a stream is live from its first byte, stored at its end and replayed byte for byte", async () => {
  let finish;
  upstream.answer = (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(Upstream.event("a"));
    finish = () => response.end(`${Upstream.event("", "stop")}data: [DONE]\n\n`);
  };
  const response = await client.fetch(PATH, { body: '{"stream":true}' });
  assert.equal(response.headers.get("cache-status"), "reprise; fwd=uri-miss; stored");
  const reader = response.body.getReader();
  let live = Buffer.from((await reader.read()).value).toString();
  assert.equal(live, Upstream.event("a"));
  assert.equal(kv.entries.size, 0);
  finish();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    live += Buffer.from(read.value).toString();
  }
  await client.settle();
  const hit = await client.ask(PATH, { body: '{"stream":true}' });
  assert.equal(hit.cache, "reprise; hit");
  assert.equal(hit.text, live);
  assert.match(text(onlyEntry()[1]), /"chunks":\[\[\d+,\d+\],\[\d+,\d+\]\]/);
});

test("a stream that breaks off is an error for the client and is not stored", async () => {
  upstream.answer = (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(Upstream.event("a"));
    setImmediate(() => response.destroy());
  };
  const response = await client.fetch(PATH, { body: '{"stream":true}' });
  await assert.rejects(response.text());
  await client.settle();
  assert.equal(kv.entries.size, 0);
});

test("a stream that ends without its marker is passed on and not stored", async () => {
  upstream.answer = (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(Upstream.event("a", "stop"));
  };
  assert.equal((await client.ask(PATH)).status, 200);
  assert.equal(kv.entries.size, 0);
});

test("who has read a stream to its end finds it stored", async () => {
  upstream.answer = (_, response) => Upstream.stream(response);
  await (await client.fetch(PATH, { body: '{"stream":true}' })).text();
  assert.equal(kv.entries.size, 1);
  await client.settle();
});

test("a client that leaves at the very end of a stream loses nothing", async () => {
  upstream.answer = (_, response) => Upstream.stream(response);
  for (let chunks = 0; chunks < 6; chunks++) {
    const body = JSON.stringify({ stream: true, chunks });
    const reader = (await client.fetch(PATH, { body })).body.getReader();
    let text = "";
    for (let chunk = 0; chunk < chunks; chunk++) {
      const { done, value } = await reader.read();
      if (done) break;
      text += new TextDecoder().decode(value);
    }
    await reader.cancel();
    await client.settle();
    const again = await client.ask(PATH, { body });
    assert.ok(again.text.startsWith(text));
    if (text.includes("[DONE]")) assert.match(again.cache, /hit/);
  }
});

test("the upstream is read no faster than the client reads", async () => {
  const chunk = Buffer.alloc(65_536, "x");
  let sent = 0;
  upstream.answer = async (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.on("error", () => {});
    const send = () => {
      while (sent < 4000 && !response.destroyed) {
        sent++;
        if (!response.write(chunk)) return response.once("drain", send);
      }
    };
    send();
  };
  client.env.MAX_ENTRY = "12000000";
  const response = await client.fetch(PATH, { body: '{"stream":true}' });
  const reader = response.body.getReader();
  await reader.read();
  // The sockets between take some megabytes; then the upstream must stand still.
  let before;
  do {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 100));
  } while (sent !== before);
  assert.ok(sent < 2000, `${sent} chunks of 64 KiB were taken while nobody read`);
  await reader.cancel();
});

test("a client that leaves does not end a stream that can be stored", async () => {
  let finish;
  upstream.answer = (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(Upstream.event("a"));
    finish = () => response.end(`${Upstream.event("", "stop")}data: [DONE]\n\n`);
  };
  const response = await client.fetch(PATH, { body: '{"stream":true}' });
  const reader = response.body.getReader();
  await reader.read();
  await reader.cancel();
  finish();
  await client.settle();
  assert.equal((await client.ask(PATH, { body: '{"stream":true}' })).cache, "reprise; hit");
});

test("a client whose leaving only a failing write tells does not end a stream either", async () => {
  // As in workerd: nothing pulls or cancels what the client does not read any more.
  let isGone = false;
  globalThis.IdentityTransformStream = class {
    constructor() {
      const { readable, writable } = new TransformStream();
      const writer = writable.getWriter();
      this.readable = readable;
      this.writable = new WritableStream({
        write: (chunk) => (isGone ? Promise.reject(new Error("gone")) : writer.write(chunk)),
        close: () => writer.close(),
        abort: (reason) => writer.abort(reason),
      });
    }
  };
  try {
    let more;
    upstream.answer = (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(Upstream.event("a"));
      more = () => {
        response.write(Upstream.event("b"));
        response.end(`${Upstream.event("", "stop")}data: [DONE]\n\n`);
      };
    };
    const response = await client.fetch(PATH, { body: '{"stream":true}' });
    await response.body.getReader().read();
    isGone = true;
    more();
    await client.settle();
    isGone = false;
    const hit = await client.ask(PATH, { body: '{"stream":true}' });
    assert.equal(hit.cache, "reprise; hit");
    assert.ok(hit.text.endsWith("[DONE]\n\n"));
  } finally {
    delete globalThis.IdentityTransformStream;
  }
});

test("with ON_DISCONNECT=cancel a client that leaves ends the upstream's stream", async () => {
  client.env.ON_DISCONNECT = "cancel";
  let closed;
  const isClosed = new Promise((resolve) => (closed = resolve));
  upstream.answer = (_, response) => {
    response.on("close", closed);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(Upstream.event("a"));
  };
  const reader = (await client.fetch(PATH, { body: '{"stream":true}' })).body.getReader();
  await reader.read();
  await reader.cancel();
  await isClosed;
  await client.settle();
  assert.equal(kv.entries.size, 0);
});

test("freshness ends, and a stale response stands in when the upstream fails", async () => {
  mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_000 });
  const first = await client.ask(PATH, { headers: { "x-proxy-ttl": "60" } });
  mock.timers.tick(10_000);
  const hit = await client.ask(PATH);
  assert.equal(hit.cache, "reprise; hit; ttl=50");
  assert.equal(hit.headers.get("age"), "10");
  mock.timers.tick(60_000);
  const lenient = await client.ask(PATH, { headers: { "cache-control": "max-stale=60" } });
  assert.equal(lenient.cache, "reprise; hit; ttl=-10");
  upstream.answer = (_, response) => response.writeHead(503).end("{}");
  const standIn = await client.ask(PATH, { headers: { "cache-control": "stale-if-error=60" } });
  assert.equal(standIn.cache, "reprise; hit; ttl=-10; detail=stale-if-error");
  assert.equal(standIn.text, first.text);
  assert.equal((await client.ask(PATH)).status, 503);
  upstream.server.close();
  upstream.server.closeAllConnections();
  const down = await client.ask(PATH, { headers: { "cache-control": "stale-if-error=60" } });
  assert.equal(down.text, first.text);
  const error = await client.ask(PATH);
  assert.equal(error.status, 502);
  assert.equal(error.code, "upstream_unreachable");
  assert.equal(error.cache, "reprise; fwd=stale");
});

test("an entry expires in KV a day after its freshness", async () => {
  mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_000 });
  await client.ask(PATH, { headers: { "x-proxy-ttl": "60" } });
  assert.equal(onlyEntry()[1].expires, 1_700_000_000_000 + 60_000 + 86_400_000);
});

test("a damaged entry is a miss, is removed and replaced", async () => {
  const miss = await client.ask(PATH);
  const [name, entry] = onlyEntry();
  entry.bytes[entry.bytes.length - 3] ^= 1;
  const again = await client.ask(PATH);
  assert.equal(again.cache, "reprise; fwd=uri-miss; stored");
  assert.notEqual(again.text, miss.text);
  assert.equal((await client.ask(PATH)).text, again.text);
  kv.entries.get(name).bytes = new TextEncoder().encode("not an entry");
  assert.equal((await client.ask(PATH)).cache, "reprise; fwd=uri-miss; stored");
});

test("a store that fails is a miss, never an error", async () => {
  client.env.OPENAI_CACHE = {
    get: async () => { throw new Error("down"); },
    put: async () => { throw new Error("down"); },
  };
  for (let count = 0; count < 2; count++) {
    const answer = await client.ask(PATH);
    assert.equal(answer.status, 200);
    assert.equal(answer.cache, "reprise; fwd=uri-miss; stored");
  }
  assert.equal(upstream.calls, 2);
});

test("a store that hangs is a miss after its deadline", async () => {
  client.env.OPENAI_CACHE = { get: () => new Promise(() => {}), put: async () => {} };
  mock.timers.enable({ apis: ["setTimeout"] });
  const asked = client.ask(PATH);
  // The deadline's timer is set once the key has been hashed.
  while ((await Promise.race([asked.then(() => "done"), new Promise((r) => setImmediate(r))])) !== "done") {
    mock.timers.tick(100);
  }
  assert.equal((await asked).status, 200);
});

test("an Upstash that is down or refuses the token is a miss, never an error", async () => {
  for (const status of [401, 500]) {
    const store = createServer((_, response) => response.writeHead(status).end("{}")).listen(0, "127.0.0.1");
    await once(store, "listening");
    const url = `http://127.0.0.1:${store.address().port}`;
    Object.assign(client.env, { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: "t" });
    assert.equal((await client.ask(PATH)).status, 200);
    store.closeAllConnections();
    store.close();
    await once(store, "close");
    assert.equal((await client.ask(PATH)).status, 200);
  }
  assert.equal(kv.entries.size, 0, "Upstash wins over KV");
});

test("without a store requests are passed on", async () => {
  delete client.env.OPENAI_CACHE;
  assert.equal((await client.ask(PATH)).cache, "reprise; fwd=bypass");
  assert.equal((await client.ask("/", { method: "GET" })).text, '{"ok":true}');
});

test("only-if-cached forbids asking the upstream without a store too", async () => {
  delete client.env.OPENAI_CACHE;
  const answer = await client.ask(PATH, { headers: { "cache-control": "only-if-cached" } });
  assert.equal(answer.status, 504);
  assert.equal(answer.code, "not_cached");
  assert.equal(answer.cache, "reprise; detail=only-if-cached");
  assert.equal(upstream.calls, 0);
});

test("a response whose head rules storing out is passed on as it comes, and says why", async () => {
  let finish;
  for (const [headers, detail] of [
    [{ "content-type": "application/json", vary: "*" }, "vary"],
    [{ "content-type": "text/event-stream", vary: "origin, *" }, "vary"],
    [{ "content-type": "text/html" }, "content-type"],
  ]) {
    upstream.answer = (_, response) => {
      response.writeHead(200, headers);
      response.write("first ");
      finish = () => response.end("last");
    };
    const response = await client.fetch(PATH);
    assert.equal(response.headers.get("cache-status"), `reprise; fwd=uri-miss; detail=${detail}`);
    finish();
    assert.equal(await response.text(), "first last");
    await client.settle();
  }
  assert.equal(kv.entries.size, 0);
});

test("a request body over the limit is a 413 and never reaches the upstream", async () => {
  client.env.MAX_BODY = "1000";
  const body = JSON.stringify({ model: "m".repeat(1000) });
  const declared = await client.ask(PATH, { body, headers: { "content-length": String(body.length) } });
  const streamed = await client.ask(PATH, { body: new Blob([body]).stream() });
  for (const answer of [declared, streamed]) {
    assert.equal(answer.status, 413);
    assert.equal(answer.code, "request_too_large");
  }
  assert.equal(upstream.calls, 0);
});

test("a response over the limit is passed on whole and not stored", async () => {
  client.env.MAX_ENTRY = "1000";
  const body = JSON.stringify({ choices: [{ index: 0, finish_reason: "stop" }], x: "y".repeat(200_000) });
  upstream.answer = (_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(body);
  };
  const answer = await client.ask(PATH);
  assert.equal(answer.text, body);
  assert.equal(answer.cache, "reprise; fwd=uri-miss; detail=too-large");
  upstream.answer = (_, response) => Upstream.stream(response, 5000);
  const stream = await client.ask(PATH, { body: '{"stream":true}' });
  assert.ok(stream.text.endsWith("[DONE]\n\n"));
  assert.equal(kv.entries.size, 0);
});

test("what the upstream compressed is stored and passed on as it reads", async () => {
  const body = '{"choices":[{"index":0,"finish_reason":"stop"}]}';
  upstream.answer = (request, response) => {
    assert.equal(request.headers["accept-encoding"], "identity");
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
    response.end(gzipSync(body));
  };
  const miss = await client.ask(PATH);
  assert.equal(miss.text, body);
  assert.equal(miss.headers.get("content-encoding"), null);
  assert.equal(miss.cache, "reprise; fwd=uri-miss; stored");
  assert.equal((await client.ask(PATH)).text, body);
});

test("what the edge adds to a request does not reach the upstream", async () => {
  await client.ask(PATH, {
    headers: { "cf-connecting-ip": "1.2.3.4", "cf-ray": "x", "x-forwarded-for": "1.2.3.4", "x-real-ip": "1.2.3.4", cookie: "a=b", "x-stainless-lang": "js" },
  });
  const seen = Object.keys(upstream.requests[0].headers);
  assert.deepEqual(seen.filter((name) => /^cf-|^x-forwarded|^x-real|^cookie$/.test(name)), []);
  assert.ok(seen.includes("x-stainless-lang"));
});

test("bodies of any kind pass through both ways", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(60_000));
  upstream.answer = (_, response) => {
    response.writeHead(201, { "content-type": "application/octet-stream", "set-cookie": "a=b" });
    response.end(Buffer.from(bytes));
  };
  const response = await client.fetch("/v1/files", { body: bytes, headers: { "content-type": "multipart/form-data; boundary=x" } });
  assert.equal(response.status, 201);
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), bytes);
  assert.equal(response.headers.get("set-cookie"), "a=b");
  upstream.answer = (_, answer) => answer.writeHead(204).end();
  assert.equal((await client.ask("/v1/files/f", { method: "DELETE" })).status, 204);
});

test("speech without a length is not stored, with one it is", async () => {
  const bytes = Buffer.from([0xff, 0xfb, 0, 1, 2]);
  upstream.answer = (_, response) => {
    response.writeHead(200, { "content-type": "audio/mpeg", "content-length": "5" });
    response.end(bytes);
  };
  await client.ask("/v1/audio/speech");
  const hit = await client.fetch("/v1/audio/speech");
  assert.equal(hit.headers.get("cache-status"), "reprise; hit");
  assert.deepEqual(Buffer.from(await hit.arrayBuffer()), bytes);
  assert.match(text(onlyEntry()[1]), /"encoding":"base64"/);
});

test("settings that cannot be used are named in a 500", async () => {
  for (const [name, value] of [["DEFAULT_UPSTREAM", "nowhere"], ["UPSTREAMS", "v1=http://a"], ["UPSTREAMS", "a=http://a a=http://b"], ["TTL", "soon"], ["MAX_BODY", "1GB"], ["ON_DISCONNECT", "x"]]) {
    const answer = await new Client({ ...client.env, [name]: value }).ask(PATH);
    assert.equal(answer.status, 500);
    assert.equal(answer.code, "invalid_setting");
    assert.ok(JSON.parse(answer.text).error.message.startsWith(name));
  }
  assert.equal(upstream.calls, 0);
});

test("requests at once do not mix", async () => {
  upstream.answer = (request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ choices: [{ index: 0, finish_reason: "stop" }], echo: request.text }));
  };
  for (let round = 0; round < 2; round++) {
    await Promise.all(
      Array.from({ length: 100 }, async (_, number) => {
        const body = JSON.stringify({ n: 1, user: `u${number}` });
        const answer = await (await client.fetch(PATH, { body })).json();
        assert.equal(answer.echo, body);
      }),
    );
    await client.settle();
  }
  assert.equal(upstream.calls, 100);
});

test("over a socket, a cut upstream is a cut connection", async () => {
  upstream.answer = (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(Upstream.event("a"));
    setImmediate(() => response.destroy());
  };
  const server = createServer(requestListener(globalThis.builtWorker, client.env)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const request = httpRequest({ port: server.address().port, host: "127.0.0.1", path: PATH, method: "POST", headers: { "content-type": "application/json" } });
  request.end('{"stream":true}');
  const [response] = await once(request, "response");
  await assert.rejects(async () => {
    for await (const _ of response);
  }, /aborted/);
  server.closeAllConnections();
  server.close();
});
