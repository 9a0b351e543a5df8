/** Stands in for a Workers KV namespace: the calls that the Worker makes, in memory. */
export class KVNamespace {
  /** What is stored: bytes and when they expire, in milliseconds since the epoch. */
  entries = new Map();

  async get(name, { type }) {
    if (type !== "arrayBuffer") throw new TypeError(`the stand-in gives no ${type}`);
    const entry = this.entries.get(name);
    if (!entry || entry.expires <= Date.now()) return null;
    return entry.bytes.slice().buffer;
  }

  async put(name, bytes, { expirationTtl } = {}) {
    if (new TextEncoder().encode(name).length > 512) throw new Error("KV: key of over 512 bytes");
    if (bytes.length > 25 * 1024 * 1024) throw new Error("KV: value of over 25 MiB");
    if (expirationTtl !== undefined && !(expirationTtl >= 60)) {
      throw new Error(`KV: expirationTtl ${expirationTtl} is less than 60`);
    }
    const expires = expirationTtl === undefined ? Infinity : Date.now() + expirationTtl * 1000;
    this.entries.set(name, { bytes: bytes.slice(), expires });
  }

  async delete(name) {
    this.entries.delete(name);
  }
}
