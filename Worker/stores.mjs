// Where responses are kept: Upstash Redis by its REST API, or a Workers KV namespace.
//
// A store loads bytes by name, saves them for some milliseconds (below 0: for good) and removes them.
// It is made for one request: the platform lets no request use another's connections.

/** How long a response may wait for the store before it counts as empty, in milliseconds. */
export const LOAD_DEADLINE = 1000;
/** How long saving may take, in milliseconds. */
const SAVE_DEADLINE = 10_000;

/** The store that the environment names; undefined when it names none. */
export function storeOf(env) {
  if (env.UPSTASH_REDIS_REST_URL && env.UPSTASH_REDIS_REST_TOKEN) {
    return new UpstashStore(env.UPSTASH_REDIS_REST_URL, env.UPSTASH_REDIS_REST_TOKEN);
  }
  return env.OPENAI_CACHE ? new KVStore(env.OPENAI_CACHE) : undefined;
}

class UpstashStore {
  #url;
  #token;

  constructor(url, token) {
    this.#url = `${url.replace(/\/+$/, "")}/pipeline`;
    this.#token = token;
  }

  async load(name) {
    const [text] = await this.#run([["GET", name]], LOAD_DEADLINE);
    return typeof text === "string" ? new TextEncoder().encode(text) : undefined;
  }

  async save(name, bytes, milliseconds) {
    // An entry is UTF-8 by its format; were it not, it must not be stored as something else.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const expiry = milliseconds < 0 ? [] : ["PX", String(milliseconds)];
    await this.#run([["SET", name, text, ...expiry]], SAVE_DEADLINE);
  }

  async remove(name) {
    await this.#run([["DEL", name]], SAVE_DEADLINE);
  }

  async #run(commands, deadline) {
    const response = await fetch(this.#url, {
      method: "POST",
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      body: JSON.stringify(commands),
      redirect: "manual",
      signal: AbortSignal.timeout(deadline),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`Upstash answered ${response.status}`);
    }
    return (await response.json()).map(({ result, error }) => {
      if (error) throw new Error(`Upstash: ${error}`);
      return result;
    });
  }
}

class KVStore {
  #namespace;

  constructor(namespace) {
    this.#namespace = namespace;
  }

  async load(name) {
    const buffer = await within(LOAD_DEADLINE, this.#namespace.get(name, { type: "arrayBuffer" }));
    return buffer ? new Uint8Array(buffer) : undefined;
  }

  async save(name, bytes, milliseconds) {
    // KV takes no expiry below a minute; shorter lives are told by the entry itself.
    const seconds = Math.max(60, Math.ceil(milliseconds / 1000));
    await this.#namespace.put(name, bytes, milliseconds < 0 ? {} : { expirationTtl: seconds });
  }

  async remove(name) {
    await this.#namespace.delete(name);
  }
}

async function within(milliseconds, promise) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("Workers KV did not answer in time")), milliseconds);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
