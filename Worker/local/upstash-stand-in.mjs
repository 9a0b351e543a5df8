// Stands in for Upstash's REST API (upstash.com/docs/redis/features/restapi), in front of a real Redis:
// one command by `POST /` or by the path, lists of commands by `POST /pipeline` and `POST /multi-exec`,
// answered by `{result}` or `{error}`.

import { createServer } from "node:http";
import { once } from "node:events";
import { RedisClient, RedisError } from "./redis-client.mjs";

/** How large a request may be, in bytes: Upstash's limit in its small plans. */
const REQUEST_LIMIT = 10_000_000;

/** Starts a stand-in on a free port. */
export async function upstashStandIn({ redis, token }) {
  const client = await redisClient(redis);
  const server = createServer(upstashListener({ client, token }));
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

/** Connects to the Redis that a `redis:` URL names. */
export async function redisClient(url) {
  const { hostname, port } = new URL(url);
  const client = new RedisClient(hostname, Number(port || 6379));
  await client.command(["PING"]);
  return client;
}

/** The listener for `http.createServer`; `requestLimit` is in bytes. */
export function upstashListener({ client, token, requestLimit = REQUEST_LIMIT }) {
  let state = 0;
  return async (request, response) => {
    const answer = (status, value) => {
      const sync = { "upstash-sync-token": `state-${++state}` };
      response.writeHead(status, { "content-type": "application/json", ...sync });
      response.end(JSON.stringify(value));
    };
    const url = new URL(request.url, "http://localhost");
    if (!isAllowed(request, url, token)) {
      return answer(401, { error: "WRONGPASS invalid or missing auth token" });
    }
    if (!["GET", "HEAD", "POST", "PUT"].includes(request.method)) {
      return answer(405, { error: `ERR Command is not available: '${request.method}'` });
    }
    const encode = request.headers["upstash-encoding"] === "base64" ? base64 : plain;
    const body = await read(request, requestLimit);
    if (!body) return answer(400, { error: `ERR max request size exceeded. Limit: ${requestLimit} bytes` });
    try {
      const { list, run } = routed(client, request, url, body);
      const outcomes = (await run()).map((outcome) =>
        outcome instanceof RedisError ? { error: outcome.message } : { result: encode(outcome) },
      );
      if (list) answer(200, outcomes);
      else answer(outcomes[0].error === undefined ? 200 : 400, outcomes[0]);
    } catch (error) {
      answer(error instanceof RequestError || error instanceof RedisError ? 400 : 500, { error: error.message });
    }
  };
}

class RequestError extends Error {}

function isAllowed(request, url, token) {
  const given = request.headers.authorization ?? `Bearer ${url.searchParams.get("_token")}`;
  return given === `Bearer ${token}`;
}

async function read(request, limit) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    // What is too much is read all the same: the client is to get its answer.
    if (size <= limit) chunks.push(chunk);
  }
  return size <= limit ? Buffer.concat(chunks) : undefined;
}

/** What a request asks for: whether its answer is a list, and how to get the outcomes. */
function routed(client, request, url, body) {
  const posts = request.method === "POST" || request.method === "PUT";
  if (posts && url.pathname === "/pipeline") {
    const commands = commandList(body);
    return { list: true, run: () => Promise.all(commands.map((words) => client.outcome(words))) };
  }
  if (posts && url.pathname === "/multi-exec") {
    const commands = commandList(body);
    return { list: true, run: () => transaction(client, commands) };
  }
  const words = url.pathname === "/" ? command(parse(body)) : pathCommand(url, posts ? body : undefined);
  return { list: false, run: async () => [await client.outcome(words)] };
}

async function transaction(client, commands) {
  const replies = await Promise.all([["MULTI"], ...commands, ["EXEC"]].map((words) => client.outcome(words)));
  const outcomes = replies.at(-1);
  if (outcomes instanceof RedisError) throw outcomes;
  return outcomes;
}

/** `/set/foo`, a body that is the next argument, and `?EX=100` for arguments behind it. */
function pathCommand(url, body) {
  const words = url.pathname.slice(1).split("/").map(decodeURIComponent);
  if (body?.length) words.push(body);
  for (const [name, value] of url.searchParams) {
    if (name !== "_token") words.push(...(value === "" ? [name] : [name, value]));
  }
  return words;
}

function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    throw new RequestError("ERR failed to parse the request body as JSON");
  }
}

function commandList(body) {
  const list = parse(body);
  if (!Array.isArray(list) || list.length === 0) throw new RequestError("ERR failed to parse pipeline request");
  return list.map(command);
}

function command(words) {
  if (!Array.isArray(words) || words.length === 0) throw new RequestError("ERR failed to parse command");
  return words.map((word) => (typeof word === "object" ? JSON.stringify(word) : String(word)));
}

/** A reply as JSON has it; an error inside a list becomes its message. */
function plain(reply) {
  if (Array.isArray(reply)) return reply.map(plain);
  if (reply instanceof RedisError) return reply.message;
  return Buffer.isBuffer(reply) ? reply.toString("utf8") : reply;
}

/** A reply with its strings in base64, but for `OK`. */
function base64(reply) {
  if (Array.isArray(reply)) return reply.map(base64);
  if (reply instanceof RedisError) return reply.message;
  if (Buffer.isBuffer(reply)) return reply.toString("base64");
  return typeof reply === "string" && reply !== "OK" ? Buffer.from(reply).toString("base64") : reply;
}
