// The core behind its exports: marshals messages and steps, and replaces an instance that trapped.
//
// What the operations and steps mean stands in Sources/RepriseWorker (Driver/ExchangeTable.swift, Driver/Step.swift).

const Operation = {
  begin: 0,
  requestBody: 1,
  requestBodyTooLarge: 2,
  requestBodyIncomplete: 3,
  digests: 4,
  storedText: 5,
  upstreamFailure: 6,
  responseHead: 7,
  chunk: 8,
  responseEnd: 9,
  entry: 10,
  release: 11,
  clientGone: 12,
};

export const Step = {
  respond: 0,
  forward: 1,
  readBody: 2,
  hash: 3,
  load: 4,
  stream: 5,
  collect: 6,
  proceed: 7,
  save: 8,
  done: 9,
};

export const Failure = { unreachable: 0, timedOut: 1 };

const FLAG_REMOVES_ENTRY = 1;
const FLAG_HAS_ENTRY = 2;
const NO_HANDLE = 0xffffffff;

// An instance's memory never shrinks; beyond this the next request gets a new one.
const MEMORY_LIMIT = 48 * 1024 * 1024;

/** The core failed: what it held of the requests in that instance is lost. */
export class CoreFailure extends Error {}

/** A module of the core, with the instance that new requests begin in. */
export class Core {
  #module;
  #instance;

  /** @param {WebAssembly.Module} module */
  constructor(module) {
    this.#module = module;
  }

  /** Begins a request; `step` of the result says what is to be done first. */
  begin(arrival) {
    return new Exchange(this.#current(), arrival);
  }

  #current() {
    if (!this.#instance || this.#instance.isBroken || this.#instance.size > MEMORY_LIMIT) {
      this.#instance = new Instance(this.#module);
    }
    return this.#instance;
  }
}

/** One instance of the module. Requests share it, each behind a number. */
class Instance {
  isBroken = false;
  #exports;

  constructor(module) {
    this.#exports = new WebAssembly.Instance(module, {}).exports;
  }

  get size() {
    return this.#exports.memory.buffer.byteLength;
  }

  /** Performs an operation and returns a copy of its answer. */
  call(operation, handle, pieces) {
    if (this.isBroken) throw new CoreFailure("the instance is broken");
    try {
      const { memory, allocate, release, call, answer } = this.#exports;
      const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
      const message = allocate(size) >>> 0;
      if (message === 0) throw new RangeError(`no memory for ${size} bytes`);
      // The buffer is looked up after each call: growing the memory replaces it.
      let target = new Uint8Array(memory.buffer, message, size);
      let offset = 0;
      for (const piece of pieces) {
        target.set(piece, offset);
        offset += piece.length;
      }
      const length = call(operation, handle, message, size) >>> 0;
      release(message);
      const address = answer() >>> 0;
      return new Uint8Array(memory.buffer, address, length).slice();
    } catch (error) {
      this.isBroken = true;
      throw new CoreFailure(`the core failed: ${error}`, { cause: error });
    }
  }
}

/** One request in the core. */
class Exchange {
  #instance;
  #handle = NO_HANDLE;

  constructor(instance, { settings, method, target, headers, hasBody, isUncached }) {
    this.#instance = instance;
    const reader = new FrameReader(
      instance.call(Operation.begin, 0, [
        number(settings.length),
        ...settings.flatMap(([name, value]) => [bytes(utf8(name)), bytes(utf8(value))]).flat(),
        ...bytes(latin1(method)),
        ...bytes(latin1(target)),
        ...fields(headers),
        byte(hasBody),
        byte(isUncached),
      ]),
    );
    this.#handle = reader.number();
    this.step = reader.step();
  }

  requestBody(body) {
    return this.#call(Operation.requestBody, [body]);
  }

  requestBodyTooLarge() {
    return this.#call(Operation.requestBodyTooLarge, []);
  }

  requestBodyIncomplete() {
    return this.#call(Operation.requestBodyIncomplete, []);
  }

  digests(digests) {
    return this.#call(Operation.digests, [now(), ...digests]);
  }

  storedText(text) {
    return this.#call(Operation.storedText, text ? [byte(true), text] : [byte(false)]);
  }

  upstreamFailure(failure, reason) {
    return this.#call(Operation.upstreamFailure, [
      now(),
      byte(failure),
      ...bytes(utf8(reason)),
    ]);
  }

  responseHead(status, headers) {
    return this.#call(Operation.responseHead, [now(), number(status), ...fields(headers)]);
  }

  chunk(chunk) {
    return this.#call(Operation.chunk, [now(), chunk]);
  }

  responseEnd(isClean) {
    return this.#call(Operation.responseEnd, [now(), byte(isClean)]);
  }

  entry() {
    return this.#call(Operation.entry, []);
  }

  clientGone() {
    return this.#call(Operation.clientGone, []);
  }

  /** Gives up what the core holds of the request; never throws. */
  release() {
    if (this.#handle === NO_HANDLE || this.#instance.isBroken) return;
    const handle = this.#handle;
    this.#handle = NO_HANDLE;
    try {
      this.#instance.call(Operation.release, handle, []);
    } catch {
      // The instance marked itself as broken: nothing of it will be used again.
    }
  }

  #call(operation, pieces) {
    return new FrameReader(this.#instance.call(operation, this.#handle, pieces)).step();
  }
}

// Writing a message: lists of byte arrays.

const encoder = new TextEncoder();
const utf8 = (text) => encoder.encode(text);
const byte = (value) => Uint8Array.of(Number(value));

/** The bytes of a header value or a target: JavaScript shows each byte as one character. */
export function latin1(text) {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}

function number(value) {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value, true);
  return new Uint8Array(view.buffer);
}

function now() {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, BigInt(Date.now()), true);
  return new Uint8Array(view.buffer);
}

const bytes = (value) => [number(value.length), value];

function fields(headers) {
  const pieces = [number(headers.length)];
  for (const [name, value] of headers) {
    pieces.push(...bytes(latin1(name)), ...bytes(latin1(value)));
  }
  return pieces;
}

/** Reads an answer. */
class FrameReader {
  #bytes;
  #view;
  #offset = 0;

  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte() {
    return this.#bytes[this.#offset++];
  }

  number() {
    this.#offset += 4;
    return this.#view.getUint32(this.#offset - 4, true);
  }

  wideNumber() {
    this.#offset += 8;
    return Number(this.#view.getBigInt64(this.#offset - 8, true));
  }

  bytes() {
    const length = this.number();
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  /** Bytes as a string of one character each. */
  latin1() {
    const bytes = this.bytes();
    let text = "";
    for (let index = 0; index < bytes.length; index++) text += String.fromCharCode(bytes[index]);
    return text;
  }

  fields() {
    return Array.from({ length: this.number() }, () => [this.latin1(), this.latin1()]);
  }

  step() {
    if (this.#offset === this.#bytes.length) return { kind: Step.done };
    const kind = this.byte();
    const flags = this.byte();
    return {
      kind,
      removesEntry: (flags & FLAG_REMOVES_ENTRY) !== 0,
      hasEntry: (flags & FLAG_HAS_ENTRY) !== 0,
      ...this.#values(kind),
    };
  }

  #values(kind) {
    switch (kind) {
      case Step.respond: {
        const answer = this.#answer();
        return { ...answer, body: this.byte() === 0 ? this.bytes() : undefined };
      }
      case Step.forward:
        return {
          url: this.latin1(),
          method: this.latin1(),
          headers: this.fields(),
          hasBody: this.byte() !== 0,
        };
      case Step.readBody:
        return { limit: this.wideNumber() };
      case Step.hash:
        return { messages: Array.from({ length: this.number() }, () => this.bytes()) };
      case Step.load:
        return { name: this.latin1() };
      case Step.stream:
        return { ...this.#answer(), soFar: this.bytes(), isRecorded: this.byte() !== 0 };
      case Step.proceed:
        return { isRecorded: this.byte() !== 0 };
      case Step.save:
        return { name: this.latin1(), text: this.bytes(), milliseconds: this.wideNumber() };
      default:
        return {};
    }
  }

  #answer() {
    return { status: this.number(), headers: this.fields() };
  }
}
