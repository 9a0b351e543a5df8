"""Asks the same question twice with the official SDK. Needs: pip install openai"""

import os

from openai import OpenAI

client = OpenAI(base_url=os.environ.get("PROXY_URL", "http://localhost:8787") + "/v1")

for _ in range(2):
    response = client.chat.completions.with_raw_response.create(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": "Name three uses of a kettle."}],
        extra_headers={"X-Proxy-TTL": "3600"},
    )
    print(response.headers["cache-status"])
    print(response.parse().choices[0].message.content)
