// Stands in for the part of Cloudflare's API that reads and writes a Workers KV namespace
// (developers.cloudflare.com/api/resources/kv): `node workers-kv.mjs ACCOUNT NAMESPACE TOKEN`. Prints its
// URL, to which `/client/v4` is added as at Cloudflare; ends with its standard input.

import { serve, StandInClock } from "./controls.mjs";

const [account, namespace, token] = process.argv.slice(2);
const clock = new StandInClock();
const seconds = () => Math.floor(clock.now() / 1000);
/** What is stored: value, metadata, and expiration in seconds since the epoch. */
const pairs = new Map();

const VALUE_LIMIT = 25 * 1024 * 1024;
const METADATA_LIMIT = 1024;
const KEY_LIMIT = 512;
const BULK_LIMIT = 10_000;
const BULK_BYTES = 100_000_000;

/** An error in the API's envelope. */
class APIError extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

const keyNotFound = () => new APIError(404, 10009, "get: 'key not found'");

function live(key) {
  const pair = pairs.get(key);
  if (pair && pair.expiration !== undefined && pair.expiration <= seconds()) pairs.delete(key);
  return pairs.get(key);
}

function checkKey(key) {
  if (typeof key !== "string" || key === "" || key === "." || key === "..") {
    throw new APIError(400, 10002, "the key is not valid");
  }
  const length = Buffer.byteLength(key);
  if (length > KEY_LIMIT) {
    throw new APIError(414, 10030, `UTF-8 encoded length of ${length} exceeds key length limit of ${KEY_LIMIT}.`);
  }
}

function expirationOf(ttl, expiration) {
  if (ttl !== undefined && ttl !== null) {
    if (!Number.isInteger(ttl) || ttl < 60) {
      throw new APIError(400, 10027, `Invalid expiration_ttl of ${ttl}. Expiration TTL must be at least 60.`);
    }
    return seconds() + ttl;
  }
  if (expiration === undefined || expiration === null) return undefined;
  if (!Number.isInteger(expiration) || expiration < seconds() + 60) {
    throw new APIError(
      400, 10027, `Invalid expiration of ${expiration}. Expiration times must be at least 60 seconds in the future.`,
    );
  }
  return expiration;
}

function checked({ key, value, ttl, expiration, metadata }) {
  checkKey(key);
  if (value.length > VALUE_LIMIT) {
    throw new APIError(413, 10011, `Value length of ${value.length} exceeds limit of ${VALUE_LIMIT}.`);
  }
  if (metadata !== undefined && Buffer.byteLength(JSON.stringify(metadata)) > METADATA_LIMIT) {
    throw new APIError(413, 10028, `Metadata length exceeds limit of ${METADATA_LIMIT}.`);
  }
  return [key, { value, metadata, expiration: expirationOf(ttl, expiration) }];
}

function numberOf(text) {
  return text === null ? undefined : Number(text);
}

/** The value and metadata of a write: the body itself, or two parts of a form. */
async function written(request, body) {
  const type = request.headers["content-type"] ?? "";
  if (!type.startsWith("multipart/form-data")) return { value: body };
  const form = await new Response(body, { headers: { "content-type": type } }).formData();
  const part = async (name) => {
    const field = form.get(name);
    return typeof field === "string" ? Buffer.from(field) : field && Buffer.from(await field.arrayBuffer());
  };
  const value = await part("value");
  const metadata = await part("metadata");
  if (!value) throw new APIError(400, 10012, "the form has no part named value");
  try {
    return { value, metadata: metadata ? JSON.parse(metadata) : undefined };
  } catch {
    throw new APIError(400, 10012, "metadata is not JSON");
  }
}

function listOf(body, isElement) {
  if (body.length > BULK_BYTES) throw new APIError(413, 10011, "request body too large");
  let list;
  try {
    list = JSON.parse(body);
  } catch {
    list = undefined;
  }
  if (!Array.isArray(list) || !list.every(isElement)) {
    throw new APIError(400, 10012, "could not parse the body as the list that is wanted");
  }
  if (list.length > BULK_LIMIT) throw new APIError(400, 10013, `more than ${BULK_LIMIT} keys`);
  return list;
}

function bulkWrite(body) {
  const list = listOf(body, (pair) => typeof pair?.key === "string" && typeof pair?.value === "string");
  const all = list.map((pair) =>
    checked({
      key: pair.key,
      value: Buffer.from(pair.value, pair.base64 ? "base64" : "utf8"),
      ttl: pair.expiration_ttl,
      expiration: pair.expiration,
      metadata: pair.metadata,
    }),
  );
  for (const [key, pair] of all) pairs.set(key, pair);
  return { successful_key_count: all.length, unsuccessful_keys: [] };
}

function bulkDelete(body) {
  const keys = listOf(body, (key) => typeof key === "string");
  keys.forEach(checkKey);
  for (const key of keys) pairs.delete(key);
  return { successful_key_count: keys.length, unsuccessful_keys: [] };
}

function bulkGet(body) {
  const { keys, type = "text", withMetadata = false } = JSON.parse(body);
  if (!Array.isArray(keys) || keys.length > 100) throw new APIError(400, 10012, "at most 100 keys");
  const values = {};
  for (const key of keys) {
    const pair = live(key);
    const text = pair?.value.toString("utf8");
    const value = pair && (type === "json" ? JSON.parse(text) : text);
    if (!pair) values[key] = null;
    else if (!withMetadata) values[key] = value;
    else values[key] = { value, metadata: pair.metadata ?? null, expiration: pair.expiration };
  }
  return { values };
}

function list(query) {
  const prefix = query.get("prefix") ?? "";
  const limit = numberOf(query.get("limit")) ?? 1000;
  if (!Number.isInteger(limit) || limit < 10 || limit > 1000) {
    throw new APIError(400, 10012, "limit must be from 10 to 1000");
  }
  const after = Buffer.from(query.get("cursor") ?? "", "base64url").toString();
  const keys = [...pairs.keys()].filter((key) => live(key) && key.startsWith(prefix) && key > after).sort();
  const page = keys.slice(0, limit);
  const cursor = keys.length > limit ? Buffer.from(page.at(-1)).toString("base64url") : "";
  const result = page.map((name) => {
    const { expiration, metadata } = pairs.get(name);
    return { name, ...(expiration && { expiration }), ...(metadata !== undefined && { metadata }) };
  });
  return { result, result_info: { count: page.length, cursor } };
}

function envelope(response, status, fields) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ result: null, success: status === 200, errors: [], messages: [], ...fields }));
}

async function value(request, response, key, query, body) {
  checkKey(key);
  switch (request.method) {
    case "GET": {
      const pair = live(key);
      if (!pair) throw keyNotFound();
      const expiration = pair.expiration === undefined ? {} : { expiration: String(pair.expiration) };
      response.writeHead(200, { "content-type": "application/octet-stream", ...expiration });
      return response.end(pair.value);
    }
    case "PUT": {
      const ttl = numberOf(query.get("expiration_ttl"));
      const expiration = numberOf(query.get("expiration"));
      const [name, pair] = checked({ key, ttl, expiration, ...(await written(request, body)) });
      pairs.set(name, pair);
      return envelope(response, 200, { result: {} });
    }
    case "DELETE":
      pairs.delete(key);
      return envelope(response, 200, { result: {} });
    default:
      throw new APIError(405, 10405, "Method not allowed for this authentication scheme");
  }
}

async function route(request, response) {
  if (request.headers.authorization !== `Bearer ${token}`) throw new APIError(401, 10000, "Authentication error");
  const url = new URL(request.url, "http://localhost");
  const match = /^\/client\/v4\/accounts\/([^/]+)\/storage\/kv\/namespaces\/([^/]+)\/(.+)$/.exec(url.pathname);
  if (!match) throw new APIError(404, 7003, "Could not route to the path, perhaps your object identifier is invalid?");
  const [, ofAccount, ofNamespace, rest] = match;
  if (ofAccount !== account) throw new APIError(403, 10000, "Authentication error");
  if (ofNamespace !== namespace) throw new APIError(404, 10013, "namespace not found");
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const [, kind, key] = /^(values|metadata)\/(.+)$/.exec(rest) ?? [];
  if (kind === "values") return value(request, response, decodeURIComponent(key), url.searchParams, body);
  if (kind === "metadata" && request.method === "GET") {
    const pair = live(decodeURIComponent(key));
    if (!pair) throw keyNotFound();
    return envelope(response, 200, { result: pair.metadata ?? null });
  }
  switch (`${request.method} ${rest}`) {
    case "GET keys":
      return envelope(response, 200, list(url.searchParams));
    case "PUT bulk":
      return envelope(response, 200, { result: bulkWrite(body) });
    case "POST bulk/delete":
    case "DELETE bulk":
      return envelope(response, 200, { result: bulkDelete(body) });
    case "POST bulk/get":
      return envelope(response, 200, { result: bulkGet(body) });
    default:
      throw new APIError(404, 7003, "Could not route to the path, perhaps your object identifier is invalid?");
  }
}

await serve(async (request, response) => {
  try {
    await route(request, response);
  } catch (error) {
    const { status = 500, code = 10001, message } = error;
    envelope(response, status, { errors: [{ code, message }] });
  }
}, clock);
