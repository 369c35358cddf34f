-- wrk: each request is one of so many sessions', at random; and comes up to so many milliseconds after the answer before it.
math.randomseed(os.time())

function init(arguments)
  sessions = tonumber(arguments[1])
  local pause = tonumber(arguments[2] or "0")
  if pause > 0 then
    function delay() return math.random(0, pause) end
  end
end

function request()
  return wrk.format("GET", nil, { Cookie = string.format("PHPSESSID=bench%035d", math.random(sessions)) })
end

function done(summary)
  local errors = summary.errors
  io.write(string.format("requests=%d seconds=%.3f failed=%d\n", summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
