# Asks the same question twice with Ruby's own library.
require "json"
require "net/http"

url = ENV.fetch("PROXY_URL", "http://localhost:8787")
uri = URI("#{url}/v1/chat/completions")
question = {
  model: "gpt-5-mini",
  messages: [{ role: "user", content: "Name three uses of a kettle." }]
}

2.times do
  response = Net::HTTP.post(
    uri, JSON.generate(question),
    "Authorization" => "Bearer #{ENV.fetch('OPENAI_API_KEY')}",
    "Content-Type" => "application/json",
    "X-Proxy-TTL" => "3600"
  )
  puts response["Cache-Status"]
  puts JSON.parse(response.body).dig("choices", 0, "message", "content")
end
