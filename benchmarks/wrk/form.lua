-- Posts one form after the other: each line of the file is a whole body, taken in turn. After the file, `once` ends with
-- its last line, `close` takes a new connection for each, and `paced` with a number lets each connection pause for so many
-- milliseconds on average before it asks. An inactive token counts as status 0: nobody measures those.
dofile(os.getenv("WRK_SCRIPTS") .. "/common.lua")

function init(args)
  headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
  if args[1] ~= "" then headers["Authorization"] = args[1] end
  bodies, position = read_lines(args[2], number, 1), 0
  once = args[3] == "once"
  if args[3] == "close" then headers["Connection"] = "close" end
  if args[3] == "paced" then function delay() return math.random(0, 2 * tonumber(args[4])) end end
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

function response(status, _, body)
  if body:find('"active": ?false') then status = 0 end
  count(status)
end
