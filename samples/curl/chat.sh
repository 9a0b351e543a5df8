#!/bin/sh
# Asks the same question twice, the second time in other words of JSON, and prints Cache-Status.
set -eu
url=${PROXY_URL:-http://localhost:8787}

ask() {
    curl --silent --show-error --fail-with-body --include "$url/v1/chat/completions" \
        --header "Authorization: Bearer $OPENAI_API_KEY" \
        --header "Content-Type: application/json" \
        --data "$1" | grep -i -E '^(HTTP|cache-status|age)|"content"'
}

ask '{"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Name three uses of a kettle."}]}'
ask '{"messages":[{"content":"Name three uses of a kettle.","role":"user"}],"model":"gpt-5-mini"}'
