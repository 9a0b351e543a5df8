// Runs the built Worker under Deno: `deno serve --allow-env --allow-net --allow-read local/deno.mjs`.
// Its variables come from the environment; responses are kept by a stand-in of Workers KV.

import { handlerFor } from "../dist/handler.mjs";
import { KVNamespace } from "./kv-stand-in.mjs";

const wasm = await Deno.readFile(new URL("../dist/reprise.wasm", import.meta.url));
const handle = handlerFor(new WebAssembly.Module(wasm));
const env = { ...Deno.env.toObject(), OPENAI_CACHE: new KVNamespace() };

export default {
  fetch: (request) => handle(request, env, { waitUntil() {} }),
  onListen({ hostname, port }) {
    console.log(
      `Reprise Worker listens on http://${hostname}:${port}, ` +
        `upstream ${env.DEFAULT_UPSTREAM || "https://api.openai.com/v1"}, store Workers KV stand-in in memory`,
    );
  },
};
