-- The same POST again and again, for wrk: REQUEST_BODY and REQUEST_HEADERS name files, the second
-- with "Name: value" lines.

local function read(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

wrk.method = "POST"
wrk.body = read(os.getenv("REQUEST_BODY"))
for line in read(os.getenv("REQUEST_HEADERS")):gmatch("[^\n]+") do
    local name, value = line:match("^([^:]+): (.*)$")
    wrk.headers[name] = value
end

-- One line of JSON behind wrk's own report; latencies in microseconds.
function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        'RESULT {"requests":%d,"seconds":%.6f,"bytes":%d,"errors":%d,'
            .. '"p50":%.1f,"p99":%.1f,"p999":%.1f,"max":%.1f}\n',
        summary.requests, summary.duration / 1e6, summary.bytes,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max))
end
