// Calls to the core as bytes, and the module that answers them, without the Worker between.

import { readFileSync } from "node:fs";

export const Operation = {
  begin: 0, requestBody: 1, requestBodyTooLarge: 2, requestBodyIncomplete: 3, digests: 4,
  storedText: 5, upstreamFailure: 6, responseHead: 7, chunk: 8, responseEnd: 9, entry: 10,
  release: 11, clientGone: 12,
};

export const utf8 = (text) => Buffer.from(text, "utf8");
export const latin1 = (text) => Buffer.from(text, "latin1");

export function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

export function i64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}

export const bytes = (value) => Buffer.concat([u32(value.length), value]);

export function fields(pairs) {
  return Buffer.concat([
    u32(pairs.length),
    ...pairs.flatMap(([name, value]) => [bytes(utf8(name)), bytes(utf8(value))]),
  ]);
}

export function beginMessage({
  settings = [], method = "POST", target, headers = [], hasBody = true, isUncached = false,
}) {
  return Buffer.concat([
    fields(settings),
    bytes(utf8(method)),
    bytes(utf8(target)),
    fields(headers),
    Buffer.from([Number(hasBody), Number(isUncached)]),
  ]);
}

/** The shipped module, called directly; `calls` remembers what was asked and answered. */
export class RawModule {
  calls = [];

  constructor(path = new URL("../../dist/reprise.wasm", import.meta.url)) {
    this.exports = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path))).exports;
  }

  call(operation, handle, message = Buffer.alloc(0)) {
    const { memory, allocate, release, call, answer } = this.exports;
    const address = allocate(message.length) >>> 0;
    new Uint8Array(memory.buffer, address, message.length).set(message);
    const length = call(operation, handle, address, message.length) >>> 0;
    release(address);
    const result = Buffer.from(new Uint8Array(memory.buffer, answer() >>> 0, length));
    this.calls.push({ operation, handle, message, result });
    return result;
  }
}

/** Random numbers that are the same each time. */
export function seeded(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return (value ^ (value >>> 14)) >>> 0;
  };
  return {
    below: (limit) => next() % limit,
    pick: (list) => list[next() % list.length],
    chance: (one) => next() % one === 0,
  };
}
