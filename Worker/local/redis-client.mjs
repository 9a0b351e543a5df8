// A small client of a Redis server.

import { connect } from "node:net";

/** What Redis says of a command that failed. */
export class RedisError extends Error {}

/** Speaks RESP2 to a Redis: commands go out as they come, answers come back in order. */
export class RedisClient {
  #socket;
  #waiting = [];
  #received = [];
  #size = 0;
  #needed = 1;

  constructor(host, port) {
    this.#socket = connect(port, host);
    this.#socket.on("data", (data) => this.#receive(data));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("the connection to Redis is closed")));
  }

  /** Runs a command; gives its reply with bulk strings as text, and throws its error. */
  async command(words) {
    const outcome = await this.outcome(words);
    if (outcome instanceof RedisError) throw outcome;
    return textual(outcome);
  }

  /** Runs a command of strings and buffers; gives its reply with bulk strings as buffers, or its error. */
  outcome(words) {
    const parts = [`*${words.length}\r\n`];
    for (const word of words) {
      const bytes = Buffer.isBuffer(word) ? word : Buffer.from(String(word));
      parts.push(`$${bytes.length}\r\n`, bytes, "\r\n");
    }
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error("the connection to Redis is closed"));
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
    this.#received.push(data);
    this.#size += data.length;
    if (this.#size < this.#needed) return;
    let buffer = Buffer.concat(this.#received);
    this.#needed = 1;
    for (let reply = this.#parse(buffer, 0); reply; reply = this.#parse(buffer, 0)) {
      buffer = buffer.subarray(reply.end);
      this.#waiting.shift().resolve(reply.value);
    }
    this.#received = [buffer];
    this.#size = buffer.length;
  }

  /** The first whole reply; undefined while it is on its way. */
  #parse(buffer, start) {
    const lineEnd = buffer.indexOf("\r\n", start);
    if (lineEnd < 0) return undefined;
    const line = buffer.toString("latin1", start + 1, lineEnd);
    const end = lineEnd + 2;
    switch (String.fromCharCode(buffer[start])) {
      case "+":
        return { value: line, end };
      case "-":
        return { value: new RedisError(line), end };
      case ":":
        return { value: Number(line), end };
      case "$": {
        const length = Number(line);
        if (length < 0) return { value: null, end };
        if (buffer.length < end + length + 2) {
          this.#needed = end + length + 2;
          return undefined;
        }
        return { value: buffer.subarray(end, end + length), end: end + length + 2 };
      }
      case "*": {
        const value = [];
        let next = end;
        for (let left = Number(line); left > 0; left--) {
          const element = this.#parse(buffer, next);
          if (!element) return undefined;
          value.push(element.value);
          next = element.end;
        }
        return { value: Number(line) < 0 ? null : value, end: next };
      }
      default:
        return { value: new RedisError(`the stand-in cannot read the reply "${line}"`), end };
    }
  }
}

function textual(reply) {
  if (Array.isArray(reply)) return reply.map(textual);
  return Buffer.isBuffer(reply) ? reply.toString("utf8") : reply;
}
