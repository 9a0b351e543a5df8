// What tests do to a stand-in beside using it: faults, time, and a look at what was asked of it.
//
// `PUT /stand-in/fault` with `{"status", "headers", "body", "hang", "drop", "times"}` answers the
// requests from then on, or the next `times` of them, in that way; `DELETE` ends it. `GET
// /stand-in/requests` lists what came in, faults included. `PUT /stand-in/time` with
// `{"now"}` sets the stand-in's clock and stops it, in milliseconds since the epoch.

import { createServer } from "node:http";
import { once } from "node:events";

/** The clock of a stand-in: the machine's, until a test sets it. */
export class StandInClock {
  #now;

  /** Milliseconds since the epoch. */
  now() {
    return this.#now ?? Date.now();
  }

  set(now) {
    this.#now = now;
  }
}

/**
 * Serves on a free port what `listener` answers, under the control of a test, until standard input
 * ends: so a stand-in does not outlive the test that started it.
 */
export async function serve(listener, clock = new StandInClock()) {
  let fault;
  const requests = [];
  const hanging = new Set();
  const control = {
    "PUT /stand-in/fault": (body) => (fault = body),
    "DELETE /stand-in/fault": () => {
      fault = undefined;
      for (const response of hanging) response.destroy();
      hanging.clear();
    },
    "GET /stand-in/requests": () => requests,
    "PUT /stand-in/time": ({ now }) => clock.set(now),
  };
  const server = createServer(async (request, response) => {
    const command = control[`${request.method} ${request.url}`];
    if (command) {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const result = command(chunks.length > 0 ? JSON.parse(Buffer.concat(chunks)) : undefined);
      response.writeHead(200, { "content-type": "application/json" });
      return response.end(JSON.stringify(result ?? null));
    }
    requests.push({ method: request.method, url: request.url, headers: request.headers });
    if (!fault) return listener(request, response);
    const { status = 200, headers = {}, body = "", hang, drop } = fault;
    if (fault.times !== undefined && --fault.times === 0) fault = undefined;
    if (drop) return request.socket.destroy();
    if (hang) return hanging.add(response);
    request.resume();
    response.writeHead(status, headers);
    response.end(body);
  });
  // A client may keep a connection for longer than the five seconds that Node does.
  server.keepAliveTimeout = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  process.stdin.resume().once("close", () => process.exit(0));
  console.log(`http://127.0.0.1:${server.address().port}`);
}
