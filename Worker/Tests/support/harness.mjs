// An upstream that answers as a test says, and the Worker called as the platform calls it.

import { once } from "node:events";
import { createServer } from "node:http";

export { KVNamespace } from "../../local/kv-stand-in.mjs";

/** An HTTP server on a free port; `answer(request, response, number)` is the test's. */
export class Upstream {
  requests = [];
  answer = (request, response) => Upstream.chat(response);

  static async start() {
    const upstream = new Upstream();
    upstream.server = createServer(async (request, response) => {
      const body = [];
      try {
        for await (const chunk of request) body.push(chunk);
      } catch {
        return;
      }
      request.text = Buffer.concat(body).toString();
      upstream.requests.push(request);
      upstream.answer(request, response, upstream.requests.length);
    });
    upstream.server.listen(0, "127.0.0.1");
    await once(upstream.server, "listening");
    upstream.url = `http://127.0.0.1:${upstream.server.address().port}/base`;
    return upstream;
  }

  get calls() {
    return this.requests.length;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }

  static #count = 0;

  /** A complete chat answer, another one each time. */
  static chat(response, headers = {}) {
    const id = ++Upstream.#count;
    response.writeHead(200, { "content-type": "application/json", "x-request-id": `r${id}`, ...headers });
    response.end(JSON.stringify({ id, choices: [{ index: 0, finish_reason: "stop" }] }));
  }

  static event(text, finish = null) {
    const choice = { index: 0, delta: { content: text }, finish_reason: finish };
    return `data: ${JSON.stringify({ choices: [choice] })}\n\n`;
  }

  /** A complete chat stream. */
  static stream(response, size = 1) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(Upstream.event("é".repeat(size)));
    response.end(`${Upstream.event("", "stop")}data: [DONE]\n\n`);
  }
}

/** Calls the built Worker; `settle` waits for what it left to `ctx.waitUntil`. */
export class Client {
  #pending = [];

  constructor(env, worker = globalThis.builtWorker) {
    this.env = env;
    this.worker = worker;
  }

  async fetch(path, { method = "POST", body, headers = {}, ...rest } = {}) {
    const request = new Request(`http://worker.test${path}`, {
      method,
      body: method === "GET" ? undefined : (body ?? '{"model":"m","messages":[]}'),
      headers: { authorization: "Bearer k", "content-type": "application/json", ...headers },
      duplex: "half",
      ...rest,
    });
    const context = { waitUntil: (promise) => this.#pending.push(promise) };
    return this.worker.fetch(request, this.env, context);
  }

  async settle() {
    await Promise.all(this.#pending.splice(0));
  }

  /** Fetches, reads the body, settles: what a client sees. */
  async ask(path, options) {
    const response = await this.fetch(path, options);
    const text = await response.text();
    await this.settle();
    return {
      status: response.status,
      headers: response.headers,
      cache: response.headers.get("cache-status"),
      text,
      code: response.status >= 400 && text.startsWith('{"error"') ? JSON.parse(text).error.code : undefined,
    };
  }
}
