// Asks the same question twice with version 3 of the SDK, whose base URL is `basePath`.
import { Configuration, OpenAIApi } from "openai-v3";

const url = process.env.PROXY_URL ?? "http://localhost:8787";
const client = new OpenAIApi(
  new Configuration({ apiKey: process.env.OPENAI_API_KEY, basePath: `${url}/proxy` }),
);

for (let turn = 0; turn < 2; turn++) {
  const response = await client.createChatCompletion({
    model: "gpt-5-mini",
    messages: [{ role: "user", content: "Name three uses of a kettle." }],
  });
  console.log(response.headers["cache-status"]);
  console.log(response.data.choices[0].message?.content);
}
