-- Posts one form after the other: each line of the file is a whole body, taken in turn.
dofile(os.getenv("WRK_SCRIPTS") .. "/common.lua")

function init(args)
  headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
  if args[1] ~= "" then headers["Authorization"] = args[1] end
  bodies, position = read_lines(args[2], number, 1), 0
  once = args[3] == "once"
  begin_counting()
end

function request()
  position = position + 1
  if position > #bodies then
    if once then wrk.thread:stop() end
    position = 1
  end
  return wrk.format("POST", nil, headers, bodies[position])
end

function response(status)
  count(status)
end
