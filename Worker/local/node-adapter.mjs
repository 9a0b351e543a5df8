// Gives a Worker's `fetch` handler the requests of a Node HTTP server.

import { Readable } from "node:stream";
import { once } from "node:events";

/** The listener for `http.createServer`. */
export function requestListener(worker, env) {
  return async (incoming, outgoing) => {
    try {
      const context = { waitUntil() {} };
      await send(await worker.fetch(requestOf(incoming), env, context), incoming, outgoing);
    } catch (error) {
      console.error(error);
      outgoing.destroy();
    }
  };
}

function requestOf(incoming) {
  const headers = new Headers();
  for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index], incoming.rawHeaders[index + 1]);
  }
  const hasBody =
    incoming.method !== "GET" &&
    incoming.method !== "HEAD" &&
    (headers.has("transfer-encoding") || Number(headers.get("content-length")) > 0);
  return new Request(`http://localhost${incoming.url}`, {
    method: incoming.method,
    headers,
    body: hasBody ? Readable.toWeb(incoming) : undefined,
    duplex: "half",
  });
}

async function send(response, incoming, outgoing) {
  const headers = [];
  for (const [name, value] of response.headers) headers.push(name, value);
  outgoing.writeHead(response.status, headers);
  if (!response.body || incoming.method === "HEAD") {
    await response.body?.cancel();
    outgoing.end();
    return;
  }
  outgoing.flushHeaders();
  const reader = response.body.getReader();
  let isGone = false;
  outgoing.once("close", () => {
    isGone = true;
    if (!outgoing.writableFinished) reader.cancel().catch(() => {});
  });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (isGone) return;
      if (done) break;
      if (!outgoing.write(value)) await Promise.race([once(outgoing, "drain"), once(outgoing, "close")]);
    }
    outgoing.end();
  } catch {
    // The body broke off: the client must see that too.
    outgoing.destroy();
  }
}
