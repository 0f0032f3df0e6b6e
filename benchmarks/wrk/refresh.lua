-- Chains of refreshes: each answer's refresh token waits in a queue until it is the next to be used.
dofile(os.getenv("WRK_SCRIPTS") .. "/common.lua")

function init(args)
  headers = { ["Authorization"] = args[1], ["Content-Type"] = "application/x-www-form-urlencoded" }
  queue = read_lines(args[2], number, 1)
  first, last = 1, #queue
  begin_counting()
end

function request()
  local token = queue[first]
  queue[first], first = nil, first + 1
  return wrk.format("POST", nil, headers, "grant_type=refresh_token&refresh_token=" .. token)
end

function response(status, _, body)
  count(status)
  if status == 200 then
    last = last + 1
    queue[last] = body:match('"refresh_token": ?"([^"]+)"')
  end
end
