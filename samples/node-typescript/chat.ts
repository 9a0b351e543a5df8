// Asks the same question twice with the official SDK.
import OpenAI from "openai";

const url = process.env.PROXY_URL ?? "http://localhost:8787";
const client = new OpenAI({ baseURL: `${url}/v1` });

for (let turn = 0; turn < 2; turn++) {
  const { data, response } = await client.chat.completions
    .create(
      {
        model: "gpt-5-mini",
        messages: [{ role: "user", content: "Name three uses of a kettle." }],
      },
      { headers: { "X-Proxy-TTL": "3600" } },
    )
    .withResponse();
  console.log(response.headers.get("cache-status"));
  console.log(data.choices[0].message.content);
}
