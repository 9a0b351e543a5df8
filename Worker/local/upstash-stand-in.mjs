// Stands in for Upstash's REST API, in front of a real Redis: `POST /pipeline` with a list of
// commands, answered by a list of `{result}` or `{error}`.

import { createServer } from "node:http";
import { once } from "node:events";
import { connect } from "node:net";

/** Starts a stand-in on a free port. */
export async function upstashStandIn({ redis, token }) {
  const { hostname, port } = new URL(redis);
  const client = new RedisClient(hostname, Number(port || 6379));
  await client.command(["PING"]);
  const server = createServer(async (request, response) => {
    const answer = (status, value) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    if (request.headers.authorization !== `Bearer ${token}`) {
      return answer(401, { error: "WRONGPASS invalid or missing auth token" });
    }
    if (request.method !== "POST" || request.url !== "/pipeline") {
      return answer(404, { error: "not found" });
    }
    const body = [];
    for await (const chunk of request) body.push(chunk);
    try {
      const commands = JSON.parse(Buffer.concat(body));
      const results = await Promise.all(
        commands.map((command) =>
          client.command(command).then(
            (result) => ({ result }),
            (error) => ({ error: error.message }),
          ),
        ),
      );
      answer(200, results);
    } catch (error) {
      answer(400, { error: String(error) });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    command: (words) => client.command(words),
    async close() {
      client.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Speaks RESP2 to a Redis: commands go out as they come, answers come back in order. */
export class RedisClient {
  #socket;
  #waiting = [];
  #received = Buffer.alloc(0);

  constructor(host, port) {
    this.#socket = connect(port, host);
    this.#socket.on("data", (data) => this.#receive(data));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("the connection to Redis is closed")));
  }

  command(words) {
    const parts = [`*${words.length}\r\n`];
    for (const word of words) {
      const bytes = Buffer.from(String(word));
      parts.push(`$${bytes.length}\r\n`, bytes, "\r\n");
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(Buffer.concat(parts.map((part) => Buffer.from(part))));
    });
  }

  close() {
    this.#socket.destroy();
  }

  #fail(error) {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #receive(data) {
    this.#received = Buffer.concat([this.#received, data]);
    for (let reply = this.#parse(); reply; reply = this.#parse()) {
      this.#received = this.#received.subarray(reply.end);
      const { resolve, reject } = this.#waiting.shift();
      if (reply.error) reject(new Error(reply.error));
      else resolve(reply.value);
    }
  }

  /** The first whole reply; undefined while it is on its way. */
  #parse(start = 0) {
    const lineEnd = this.#received.indexOf("\r\n", start);
    if (lineEnd < 0) return undefined;
    const line = this.#received.toString("latin1", start + 1, lineEnd);
    const end = lineEnd + 2;
    switch (String.fromCharCode(this.#received[start])) {
      case "+":
        return { value: line, end };
      case "-":
        return { error: line, end };
      case ":":
        return { value: Number(line), end };
      case "$": {
        const length = Number(line);
        if (length < 0) return { value: null, end };
        if (this.#received.length < end + length + 2) return undefined;
        return { value: this.#received.toString("utf8", end, end + length), end: end + length + 2 };
      }
      case "*": {
        const value = [];
        let next = end;
        for (let left = Number(line); left > 0; left--) {
          const element = this.#parse(next);
          if (!element) return undefined;
          value.push(element.value ?? null);
          next = element.end;
        }
        return { value: Number(line) < 0 ? null : value, end: next };
      }
      default:
        return { error: `the stand-in cannot read the reply "${line}"`, end };
    }
  }
}
