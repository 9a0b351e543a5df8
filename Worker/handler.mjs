// One request's life in the Worker: does what the core's steps say. It decides nothing itself.

import { Core, CoreFailure, Failure, Step } from "./core.mjs";
import { storeOf } from "./stores.mjs";

/** The variables that the core reads. */
const SETTINGS = [
  "DEFAULT_UPSTREAM",
  "UPSTREAMS",
  "TTL",
  "MAX_ENTRY",
  "MAX_BODY",
  "ON_DISCONNECT",
  "SHARE_ACROSS_CREDENTIALS",
];

/** Statuses whose responses have no body (Fetch, null body status). */
const NULL_BODY = [101, 103, 204, 205, 304];
/** The codings that `fetch` takes off a body, leaving the header. */
const DECODED = /^\s*(x-)?(gzip|deflate|br|zstd)\s*$/i;

/**
 * Makes the `fetch` handler of a Worker.
 *
 * @param {WebAssembly.Module} module The core.
 */
export function handlerFor(module) {
  // Holds instances of the core and nothing of a request: see `Run`.
  const core = new Core(module);
  return async (request, env, context) => {
    try {
      return await new Run(core, request, env, context).answer();
    } catch (error) {
      console.error(`request failed: ${error?.stack ?? error}`);
      return new Response(INTERNAL_ERROR, {
        status: 500,
        headers: { "content-type": "application/json" },
      });
    }
  };
}

const INTERNAL_ERROR =
  '{"error":{"message":"The Worker failed on this request; see its log.",' +
  '"type":"reprise_error","param":null,"code":"internal_error"}}';

class Run {
  #core;
  #request;
  #env;
  #context;
  #store;
  #exchange;
  /** The name of the entry that was asked for. */
  #name;
  /** The request's body, once it has been read. */
  #body;
  /** What was hashed last. */
  #hashed = [];
  /** The upstream's response, once there is one. */
  #upstream;
  /** What has been read of it before the response began. */
  #chunks = [];

  constructor(core, request, env, context) {
    this.#core = core;
    this.#request = request;
    this.#env = env;
    this.#context = context;
    this.#store = storeOf(env);
  }

  async answer() {
    if (!this.#store) console.warn("no store is configured: nothing is cached");
    try {
      this.#begin(this.#store === undefined);
      return await this.#follow(this.#exchange.step);
    } catch (error) {
      this.#exchange?.release();
      if (!(error instanceof CoreFailure)) throw error;
      console.error(`${error.message}; the request goes on uncached`);
      this.#begin(true);
      return await this.#follow(this.#exchange.step);
    }
  }

  #begin(isUncached) {
    const { method, url, headers, body } = this.#request;
    this.#exchange = this.#core.begin({
      settings: SETTINGS.filter((name) => typeof this.#env[name] === "string").map((name) => [
        name,
        this.#env[name],
      ]),
      method,
      // Not `URL.pathname` and `search`: those drop the `?` of an empty query.
      target: url.slice(url.indexOf("/", url.indexOf("://") + 3)),
      headers: [...headers],
      hasBody: body !== null,
      isUncached,
    });
  }

  /** Takes steps until there is a response. */
  async #follow(first) {
    for (let step = first; ; ) {
      if (step.removesEntry) this.#background(this.#store.remove(this.#name));
      switch (step.kind) {
        case Step.respond:
          return this.#respond(step);
        case Step.stream:
          return this.#stream(step);
        case Step.readBody:
          step = await this.#readBody(step.limit);
          break;
        case Step.hash:
          step = await this.#hash(step.messages);
          break;
        case Step.load:
          step = await this.#load(step.name);
          break;
        case Step.forward:
          step = await this.#forward(step);
          break;
        case Step.collect:
          step = await this.#collect();
          break;
        default:
          throw new Error(`step ${step.kind} cannot come here`);
      }
    }
  }

  async #readBody(limit) {
    const chunks = [];
    let length = 0;
    const reader = this.#request.body?.getReader();
    try {
      for (;;) {
        const { done, value } = reader ? await reader.read() : { done: true };
        if (done) break;
        chunks.push(value);
        length += value.length;
        if (length > limit) {
          reader.cancel().catch(() => {});
          return this.#exchange.requestBodyTooLarge();
        }
      }
    } catch {
      return this.#exchange.requestBodyIncomplete();
    }
    this.#body = joined(chunks);
    return this.#exchange.requestBody(this.#body);
  }

  async #hash(messages) {
    this.#hashed = messages;
    return this.#exchange.digests(
      await Promise.all(
        messages.map(async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))),
      ),
    );
  }

  async #load(name) {
    this.#name = name;
    let text;
    try {
      text = await this.#store.load(name);
    } catch (error) {
      console.error(`store: ${error}`);
    }
    return this.#exchange.storedText(text);
  }

  async #forward({ url, method, headers, hasBody }) {
    // After a failure of the core the upstream may have been asked already: never ask it twice.
    if (!this.#upstream) {
      const canHaveBody = hasBody && method !== "GET" && method !== "HEAD";
      try {
        this.#upstream = await fetch(url, {
          method,
          headers: new Headers(headers),
          body: canHaveBody ? (this.#body ?? this.#request.body) : undefined,
          duplex: canHaveBody ? "half" : undefined,
          redirect: "manual",
        });
      } catch (error) {
        const isTimeout = error?.name === "TimeoutError" || /TIMEOUT/.test(error?.cause?.code);
        return this.#exchange.upstreamFailure(
          isTimeout ? Failure.timedOut : Failure.unreachable,
          String(error?.cause?.message || error?.message || error),
        );
      }
    }
    return this.#exchange.responseHead(this.#upstream.status, headersOf(this.#upstream));
  }

  async #collect() {
    const reader = this.#upstream.body?.getReader();
    try {
      for (;;) {
        let read;
        try {
          read = reader ? await reader.read() : { done: true };
        } catch {
          return this.#exchange.responseEnd(false);
        }
        if (read.done) return this.#exchange.responseEnd(true);
        this.#chunks.push(read.value);
        const step = this.#exchange.chunk(read.value);
        if (step.kind !== Step.proceed) return step;
      }
    } finally {
      reader?.releaseLock();
    }
  }

  #respond({ status, headers, body, hasEntry }) {
    // A stored response may stand in for an error of the upstream that nobody reads.
    this.#upstream?.body?.cancel().catch(() => {});
    if (hasEntry) {
      this.#background(this.#commit());
    } else {
      this.#exchange.release();
    }
    return response(status, headers, body ?? this.#hashed[0]);
  }

  #stream({ status, headers, soFar, isRecorded }) {
    // What was read before a failure of the core is known here only.
    const before = soFar.length > 0 ? [soFar] : this.#chunks;
    if (!isRecorded && before.length === 0) {
      // Untouched, the platform passes it on by itself.
      this.#exchange.release();
      return response(status, headers, this.#upstream.body);
    }
    return response(status, headers, this.#recordedBody(before, isRecorded, headers));
  }

  /** The upstream's body as it comes, each chunk when the client has room for it. */
  #recordedBody(before, isRecorded, headers) {
    const { readable, writable } = pipeFor(headers);
    const recorder = new Recorder(this.#exchange, isRecorded);
    this.#background(this.#passOn(before, recorder, writable.getWriter()));
    return readable;
  }

  /**
   * Passes the body on, and reads what may be stored to its end when the client has left.
   *
   * It is work of its own, and no stream that is pulled: the runtime neither pulls nor cancels one whose
   * client has left (workerd issue 5611), and only a write to it fails.
   */
  async #passOn(before, recorder, writer) {
    const reader = this.#upstream.body?.getReader();
    let isGone = false;
    let isOver = false;
    const clientIsGone = () => {
      if (isGone || isOver) return;
      isGone = true;
      // Ends a read that waits, too.
      if (!recorder.isWorthFinishing()) reader?.cancel().catch(() => {});
    };
    writer.closed.catch(clientIsGone);
    let isClean = false;
    let failure;
    try {
      for (const chunk of before) await writer.write(chunk).catch(clientIsGone);
      while (!isGone || recorder.isRecorded) {
        const { done, value } = reader ? await reader.read() : { done: true };
        isClean = done;
        if (done) break;
        recorder.take(value);
        if (!isGone) await writer.write(value).catch(clientIsGone);
      }
    } catch (error) {
      failure = error;
    }
    if (!isClean) reader?.cancel().catch(() => {});
    // Waits until an entry is on its way to the store, so that who asks again finds it there.
    let stored;
    try {
      ({ stored } = await this.#finish(recorder, isClean));
    } catch (error) {
      console.error(`${error.message}; the response goes on unstored`);
    }
    isOver = true;
    // The client's response is cut like the upstream's, never ended cleanly.
    const ending = isClean ? writer.close() : writer.abort(failure);
    await Promise.all([stored, ending.catch(() => {})]);
  }

  /** Ends the recording of a stream; `stored` is the promise that it is stored, if it is whole. */
  async #finish(recorder, isClean) {
    try {
      let step = recorder.isRecorded ? this.#exchange.responseEnd(isClean) : {};
      if (step.kind === Step.hash) step = await this.#hash(step.messages);
      return { stored: step.hasEntry ? this.#commit() : undefined };
    } finally {
      this.#exchange.release();
    }
  }

  async #commit() {
    try {
      const { kind, name, text, milliseconds } = this.#exchange.entry();
      this.#exchange.release();
      if (kind === Step.save) await this.#store.save(name, text, milliseconds);
    } finally {
      this.#exchange.release();
    }
  }

  /** Lets work go on after the response; what fails in it is logged. */
  #background(promise) {
    this.#context.waitUntil(promise.catch((error) => console.error(`store: ${error}`)));
  }
}

/** Hands a stream's chunks to the core, until it does not want them or fails. */
class Recorder {
  isRecorded;
  #exchange;

  constructor(exchange, isRecorded) {
    this.#exchange = exchange;
    this.isRecorded = isRecorded;
  }

  take(chunk) {
    this.#ask(() => this.#exchange.chunk(chunk));
  }

  isWorthFinishing() {
    this.#ask(() => this.#exchange.clientGone());
    return this.isRecorded;
  }

  #ask(question) {
    if (!this.isRecorded) return;
    try {
      this.isRecorded = question().isRecorded === true;
    } catch (error) {
      console.error(`${error.message}; the response goes on unstored`);
      this.isRecorded = false;
    }
  }
}

function response(status, fields, body) {
  const headers = new Headers();
  for (const [name, value] of fields) headers.append(name, value);
  if (body instanceof Uint8Array) headers.set("content-length", String(body.length));
  return new Response(NULL_BODY.includes(status) ? null : body, { status, headers });
}

/**
 * A stream from one writer to the client, that keeps nothing: a write ends when it has been read.
 *
 * The runtime ends the body of a response cleanly although its stream failed (workerd issue 6818), but
 * for one whose length it knows.
 */
function pipeFor(headers) {
  const { FixedLengthStream, IdentityTransformStream } = globalThis;
  const length = headers.find(([name]) => name === "content-length")?.[1];
  if (FixedLengthStream && /^\d{1,15}$/.test(length)) return new FixedLengthStream(Number(length));
  if (IdentityTransformStream) return new IdentityTransformStream();
  return new TransformStream();
}

/** The header fields as they go with the bytes that `fetch` gives. */
function headersOf({ headers, body }) {
  const fields = [...headers];
  if (!body || !DECODED.test(headers.get("content-encoding") ?? "")) return fields;
  return fields.filter(([name]) => name !== "content-encoding" && name !== "content-length");
}

function joined(chunks) {
  if (chunks.length === 1) return chunks[0];
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
