-- What all scripts share: lines of a file dealt out among threads, and results as one JSON line.
-- Arguments after `--`: the Authorization header, then a file with one credential per line.

local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function read_lines(path, number, of)
  local lines, index = {}, 0
  for line in io.lines(path) do
    if index % of == number then table.insert(lines, line) end
    index = index + 1
  end
  return lines
end

function begin_counting()
  statuses = ""
  counted = {}
end

function count(status)
  counted[status] = (counted[status] or 0) + 1
  local parts = {}
  for code, times in pairs(counted) do table.insert(parts, string.format('"%d":%d', code, times)) end
  statuses = table.concat(parts, ",")
end

function done(summary, latency, requests)
  local parts = {}
  for _, thread in ipairs(threads) do table.insert(parts, "{" .. thread:get("statuses") .. "}") end
  io.write(string.format(
    'RESULT {"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"socket_errors":%d,"statuses":[%s]}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    table.concat(parts, ",")))
end
