// Prints the figures of docs/benchmarks.md: `node Worker/Tests/figures.mjs`.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { handlerFor } from "../dist/handler.mjs";
import { KVNamespace } from "../local/kv-stand-in.mjs";

const wasm = readFileSync(new URL("../dist/reprise.wasm", import.meta.url));
console.log(`module: ${wasm.length} bytes, ${gzipSync(wasm, { level: 9 }).length} gzipped`);

const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];
const ms = (time) => `${time.toFixed(time < 1 ? 3 : 2)} ms`;
const answer = JSON.stringify({ choices: [{ index: 0, finish_reason: "stop", message: { content: "x".repeat(900) } }] });
globalThis.fetch = async () => new Response(answer, { headers: { "content-type": "application/json" } });

const context = () => ({
  pending: [],
  waitUntil(promise) {
    this.pending.push(promise);
  },
});
async function ask(handle, env, body) {
  const request = new Request("http://w/v1/chat/completions", {
    method: "POST", body, headers: { "content-type": "application/json", authorization: "Bearer k" },
  });
  const platform = context();
  const started = performance.now();
  const response = await handle(request, env, platform);
  await response.arrayBuffer();
  await Promise.all(platform.pending);
  return performance.now() - started;
}
const bodyOf = (size, salt) => {
  const messages = [];
  for (let left = size - 80; left > 0; left -= 180) {
    messages.push({ role: "user", content: `é "quoted" ${salt} `.padEnd(Math.min(left, 150), "lorem ipsum ") });
  }
  return JSON.stringify({ model: "gpt-5-mini", temperature: 0.7, messages });
};

const cold = [];
for (let round = 0; round < 9; round++) {
  const started = performance.now();
  const module = new WebAssembly.Module(wasm);
  const compiled = performance.now();
  const handle = handlerFor(module);
  await ask(handle, { OPENAI_CACHE: new KVNamespace() }, bodyOf(1000, "cold"));
  cold.push([compiled - started, performance.now() - compiled]);
}
console.log(`cold start: compile ${ms(median(cold.map(([time]) => time)))} (Workers have done it before), ` +
  `new instance and first request ${ms(median(cold.map(([, time]) => time)))}`);

for (const size of [1_000, 10_000, 100_000, 1_000_000]) {
  const handle = handlerFor(new WebAssembly.Module(wasm));
  const env = { OPENAI_CACHE: new KVNamespace() };
  const rounds = size > 500_000 ? 40 : 300;
  const bodies = Array.from({ length: rounds }, (_, salt) => bodyOf(size, salt));
  for (const body of bodies.slice(0, 20)) await ask(handle, { OPENAI_CACHE: new KVNamespace() }, body);
  const misses = [];
  const hits = [];
  for (const body of bodies) misses.push(await ask(handle, env, body));
  for (const body of bodies) hits.push(await ask(handle, env, body));
  console.log(`request of ${size} bytes: miss ${ms(median(misses))}, hit ${ms(median(hits))} (medians of ${rounds})`);
}
