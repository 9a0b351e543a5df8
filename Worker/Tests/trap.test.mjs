// A trap in the core, at every call of a request's life: the request is answered uncached, the upstream
// is asked once, and the next request gets a new instance.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { handlerFor } from "../dist/handler.mjs";
import { Client, KVNamespace, Upstream } from "./support/harness.mjs";

const PATH = "/v1/chat/completions";
const { Instance } = WebAssembly;
let upstream, client;

beforeEach(async () => {
  upstream = await Upstream.start();
  client = new Client({ DEFAULT_UPSTREAM: upstream.url, OPENAI_CACHE: new KVNamespace() });
  mock.method(console, "error", () => {});
});

afterEach(() => {
  mock.restoreAll();
  WebAssembly.Instance = Instance;
  upstream.close();
});

// A trap is made by giving the real module an address outside of its memory.
for (const [operation, number] of Object.entries({ begin: 0, requestBody: 1, digests: 4, storedText: 5, responseHead: 7, chunk: 8, responseEnd: 9, entry: 10 })) {
  for (const isStream of [false, true]) {
    test(`a trap in ${operation} of a ${isStream ? "stream" : "document"} is survived`, async () => {
      let traps = 0;
      let instances = 0;
      WebAssembly.Instance = class {
        constructor(module, imports) {
          instances++;
          const { exports } = new Instance(module, imports);
          this.exports = {
            ...exports,
            call(asked, handle, address, length) {
              const isTrap = asked === number && traps === 0;
              if (isTrap) traps++;
              return exports.call(asked, handle, isTrap ? 0xffff0000 : address, isTrap ? 60_000 : length);
            },
          };
          if (number === 10) {
            // This operation reads no message: break what it reads instead.
            const { call } = this.exports;
            this.exports.call = (asked, ...rest) => {
              if (asked !== 10 || instances > 1) return call(asked, ...rest);
              traps = 1;
              new Uint8Array(exports.memory.buffer).fill(0xff, 262_144);
              return call(asked, ...rest);
            };
          }
        }
      };
      const trapping = new Client(client.env, { fetch: handlerFor(globalThis.builtModule) });
      if (isStream) upstream.answer = (_, response) => Upstream.stream(response);
      const body = JSON.stringify({ stream: isStream });
      const answer = await trapping.ask(PATH, { body });
      assert.equal(answer.status, 200);
      assert.ok(answer.text.includes('"stop"'), answer.text);
      assert.equal(traps, 1);
      assert.equal(upstream.calls, 1, "the upstream is asked once");
      const next = await trapping.ask(PATH, { body });
      assert.equal(next.status, 200);
      assert.equal(instances, 2, "a new instance takes over");
      assert.equal((await trapping.ask(PATH, { body })).cache, "reprise; hit");
    });
  }
}
