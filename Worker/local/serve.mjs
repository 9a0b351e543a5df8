// Runs the built Worker on this machine, without a Cloudflare account: `make worker-serve`.
//
// The environment holds the same variables as wrangler.toml, and PORT. Without an Upstash database a
// stand-in of Workers KV keeps responses in memory; with REDIS_URL a stand-in of Upstash keeps them in
// that Redis.

import { createServer } from "node:http";
import { register } from "node:module";
import { KVNamespace } from "./kv-stand-in.mjs";
import { upstashStandIn } from "./upstash-stand-in.mjs";
import { requestListener } from "./node-adapter.mjs";

register("./wasm-loader.mjs", import.meta.url);
const { default: worker } = await import("../dist/worker.mjs");

const env = { ...process.env };
let store = "Upstash";
if (env.REDIS_URL) {
  const standIn = await upstashStandIn({ redis: env.REDIS_URL, token: "local" });
  env.UPSTASH_REDIS_REST_URL = standIn.url;
  env.UPSTASH_REDIS_REST_TOKEN = "local";
  store = `Upstash stand-in over ${env.REDIS_URL}`;
} else if (!env.UPSTASH_REDIS_REST_URL) {
  env.OPENAI_CACHE = new KVNamespace();
  store = "Workers KV stand-in in memory";
}

const server = createServer(requestListener(worker, env));
server.listen(Number(env.PORT ?? 8787), env.WORKER_HOST ?? "127.0.0.1", () => {
  const { address, port } = server.address();
  const upstream = env.DEFAULT_UPSTREAM || "https://api.openai.com/v1";
  console.log(`Reprise Worker listens on http://${address}:${port}, upstream ${upstream}, store ${store}`);
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}
