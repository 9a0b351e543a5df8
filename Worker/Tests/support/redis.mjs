// A real redis-server for a test, with a stand-in of Upstash's REST API in front of it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { upstashStandIn } from "../../local/upstash-stand-in.mjs";

/** How long to ask for what is to come, in milliseconds, before it is a failure. */
const PATIENCE = 60_000;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** A server on a free port; `restURL` and `token` are those of the stand-in. */
export class Redis {
  token = "secret";
  #folder = mkdtempSync(join(tmpdir(), "reprise-worker-"));
  #process;
  #standIn;

  static async start() {
    const redis = new Redis();
    const port = await freePort();
    redis.url = `redis://127.0.0.1:${port}`;
    const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", redis.#folder];
    redis.#process = spawn("redis-server", options);
    for await (const line of redis.#process.stdout) {
      if (String(line).includes("Ready to accept connections")) break;
    }
    redis.#standIn = await upstashStandIn({ redis: redis.url, token: redis.token });
    redis.restURL = redis.#standIn.url;
    return redis;
  }

  command(words) {
    return this.#standIn.command(words);
  }

  /** The names of all entries, without those of their indexes. */
  async entries() {
    return (await this.command(["KEYS", "reprise:*"])).filter((name) => /^reprise:[0-9a-f]{64}$/.test(name));
  }

  /** Asks for the only entry until it has a text that `isWanted`. */
  entry(isWanted = () => true) {
    return this.whenThere(async () => {
      const [name, ...others] = await this.entries();
      if (others.length > 0) throw new Error(`${others.length + 1} entries, not one`);
      const text = name && (await this.command(["GET", name]));
      return text && isWanted(text) && { name, text };
    }, "the entry");
  }

  /** Asks until there is what is asked for: a native server stores after it has answered. */
  async whenThere(ask, what) {
    const begun = performance.now();
    while (performance.now() - begun < PATIENCE) {
      const found = await ask();
      if (found) return found;
    }
    throw new Error(`Redis has not got ${what} in ${PATIENCE} ms`);
  }

  /** What stands in each index: members with their scores, and when it ends in ms (-1: never). */
  async indexes() {
    const names = (await this.command(["KEYS", "reprise:index:*"])).sort();
    const index = async (name) => [
      name.slice("reprise:index:".length),
      {
        members: await this.command(["ZRANGE", name, "0", "-1", "WITHSCORES"]),
        left: await this.command(["PTTL", name]),
      },
    ];
    return Object.fromEntries(await Promise.all(names.map(index)));
  }

  async stop() {
    await this.#standIn.close();
    this.#process.kill();
    rmSync(this.#folder, { recursive: true });
  }
}
