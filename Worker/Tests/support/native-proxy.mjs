// A native server with settings of a test's own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** The `reprise` binary to test; empty when there is none. */
export const nativeBinary = process.env.WORKER_NATIVE_BINARY;

/** `reprise serve` on a free port. */
export class NativeProxy {
  #process;

  static async start(options, environment = {}) {
    const proxy = new NativeProxy();
    proxy.#process = spawn(nativeBinary, ["serve", "--listen", "127.0.0.1:0", ...options], {
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, ...environment },
    });
    const [line] = await once(createInterface(proxy.#process.stdout), "line");
    proxy.url = /listens on (http:\/\/[^\s,]+)/.exec(line)[1];
    return proxy;
  }

  /** Sends a request and reads the whole answer. */
  async ask(path, { method = "POST", body, headers = {} } = {}) {
    const response = await fetch(this.url + path, {
      method,
      // `fetch` adds caching fields of its own to a request that has none.
      headers: { "content-type": "application/json", "cache-control": "x", ...headers },
      body: method === "GET" ? undefined : (body ?? '{"model":"m","messages":[]}'),
    });
    return {
      status: response.status,
      headers: response.headers,
      cache: response.headers.get("cache-status"),
      text: await response.text(),
    };
  }

  async stop() {
    this.#process.kill();
    await once(this.#process, "close");
  }
}
