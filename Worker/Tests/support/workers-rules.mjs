// Preloaded by the tests: imports the built Worker, then takes away what Workers do not allow.

import { once } from "node:events";
import { createServer } from "node:http";
import { register } from "node:module";

register("../../local/wasm-loader.mjs", import.meta.url);
const { default: worker } = await import("../../dist/worker.mjs");
globalThis.builtWorker = worker;
globalThis.builtModule = (await import("../../dist/reprise.wasm")).default;

// Node's own `fetch` compiles its HTTP parser when it first connects.
const server = createServer((_, response) => response.end()).listen(0, "127.0.0.1");
await once(server, "listening");
await (await fetch(`http://127.0.0.1:${server.address().port}`)).text();
server.closeAllConnections();
server.close();

for (const name of ["compile", "compileStreaming", "instantiateStreaming", "validate"]) {
  WebAssembly[name] = () => {
    throw new WebAssembly.CompileError(`WebAssembly.${name} is not allowed in Workers`);
  };
}
const { instantiate } = WebAssembly;
WebAssembly.instantiate = (source, imports) => {
  if (source instanceof WebAssembly.Module) return instantiate(source, imports);
  throw new WebAssembly.CompileError("Workers compile nothing at run time");
};
WebAssembly.Module = class extends WebAssembly.Module {
  constructor() {
    throw new WebAssembly.CompileError("Workers compile nothing at run time");
  }
};
