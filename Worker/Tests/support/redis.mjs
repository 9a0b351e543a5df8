// A real redis-server for a test, with a stand-in of Upstash's REST API in front of it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { upstashStandIn } from "../../local/upstash-stand-in.mjs";

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

  /** Asks until the only entry has a text that `isWanted`; the test's time limit ends it otherwise. */
  async entry(isWanted = () => true) {
    for (;;) {
      const [name, ...others] = await this.entries();
      if (others.length > 0) throw new Error(`${others.length + 1} entries, not one`);
      const text = name && (await this.command(["GET", name]));
      if (text && isWanted(text)) return { name, text };
    }
  }

  async stop() {
    await this.#standIn.close();
    this.#process.kill();
    rmSync(this.#folder, { recursive: true });
  }
}
