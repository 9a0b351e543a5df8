import { Upstream } from "./harness.mjs";

/** Answers as the request's `x-answer` header asks. */
export function answerAsAsked(request, response) {
  const json = (status, value) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  switch (request.headers["x-answer"]) {
    case "429":
    case "500":
      return json(Number(request.headers["x-answer"]), { error: { message: "no" } });
    case "length":
      return json(200, { choices: [{ index: 0, finish_reason: "length" }] });
    case "error-body":
      return json(200, { error: { message: "no" }, choices: [] });
    case "cut":
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
      response.write("{");
      return setImmediate(() => response.destroy());
    case "cache-status":
      return Upstream.chat(response, { "cache-status": "edge; hit" });
    default:
      return Upstream.chat(response);
  }
}
