-- Gets one address again and again with one Authorization header.
dofile(os.getenv("WRK_SCRIPTS") .. "/common.lua")

function init(args)
  headers = { ["Authorization"] = args[1] }
  begin_counting()
end

function request()
  return wrk.format("GET", nil, headers)
end

function response(status)
  count(status)
end
