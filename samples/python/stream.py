"""Streams the same answer twice with the official SDK. Needs: pip install openai"""

import os

from openai import OpenAI

client = OpenAI(base_url=os.environ.get("PROXY_URL", "http://localhost:8787") + "/v1")

for _ in range(2):
    with client.chat.completions.create(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": "Name three uses of a kettle."}],
        stream=True,
    ) as stream:
        print(stream.response.headers["cache-status"])
        for chunk in stream:
            for choice in chunk.choices:
                print(choice.delta.content or "", end="", flush=True)
    print()
