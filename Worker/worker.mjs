// The entry point that wrangler deploys.

import { handlerFor } from "./handler.mjs";
import module from "./reprise.wasm";

export default { fetch: handlerFor(module) };
