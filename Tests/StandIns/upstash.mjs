// Upstash's REST API in front of a Redis: `node upstash.mjs redis://127.0.0.1:PORT TOKEN [BYTES]`, with
// the largest request in bytes. Prints its URL; ends with its standard input.

import { redisClient, upstashListener } from "../../Worker/local/upstash-stand-in.mjs";
import { serve } from "./controls.mjs";

const [redis, token, limit] = process.argv.slice(2);
const client = await redisClient(redis);
await serve(upstashListener({ client, token, requestLimit: limit && Number(limit) }));
