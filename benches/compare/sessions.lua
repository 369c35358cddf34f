-- wrk: each request is one of 200 sessions', at random.
math.randomseed(os.time())

function request()
  return wrk.format("GET", nil, { Cookie = string.format("PHPSESSID=bench%035d", math.random(200)) })
end

function done(summary)
  local errors = summary.errors
  io.write(string.format("requests=%d seconds=%.3f failed=%d\n", summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
