-- How scripts read and write grants and access tokens, in either encoding (grant_encoding.py, which puts this in front of
-- them, and the names of the lines as GRANT_FIELDS). What is empty may be missing: both are nil or "".

local KEPT = 22
-- So many characters of a digest, 132 bits, tell two of them apart.
local function cut(digest) return string.sub(digest or "", 1, KEPT) end
local function integer(number) return string.format("%.0f", number) end

-- A client's nonce is the one value that is kept as it came. Its line has no line break, and so a "%" in another form.
local function to_line(nonce) return (string.gsub(nonce, "[%%\n]", {["%"] = "%25", ["\n"] = "%0A"})) end
local function from_line(line) return (string.gsub(line, "%%%x%x", {["%25"] = "%", ["%0A"] = "\n"})) end

-- Returns nothing for what isn't there, else its fields, and whether it is compact. Lines of a later release are left out.
local function read_grant(key)
  local kind = redis.call("TYPE", key).ok
  if kind == "none" then return end
  local grant = {}
  if kind == "string" then
    local number = 0
    for value in string.gmatch(redis.call("GET", key) .. "\n", "([^\n]*)\n") do
      number = number + 1
      local name = GRANT_FIELDS[number]
      if name and value ~= "" then grant[name] = name == "id_token_nonce" and from_line(value) or value end
    end
    return grant, true
  end
  local fields = redis.call("HGETALL", key)
  for i = 1, #fields, 2 do grant[fields[i]] = fields[i + 1] end
  return grant, false
end

-- Puts a grant in place of what is there, until `ends_at`, or for as long as that.
-- DEL comes first: when Redis is full, a script that has begun by freeing may go on to write; the other order fails. DEL
-- counts as that also where there is nothing to free: what is new has to be refused.
local function write_grant(key, grant, is_compact, ends_at)
  local life = ends_at or redis.call("PTTL", key)
  if redis.call("EXISTS", key) == 1 then redis.call("DEL", key) end
  if is_compact then
    local lines = {}
    for number, name in ipairs(GRANT_FIELDS) do
      lines[number] = name == "id_token_nonce" and to_line(grant[name] or "") or grant[name] or ""
    end
    redis.call("SET", key, (string.gsub(table.concat(lines, "\n"), "\n+$", "")))
  else
    local fields = {}
    for name, value in pairs(grant) do
      fields[#fields + 1] = name
      fields[#fields + 1] = value
    end
    redis.call("HSET", key, unpack(fields))
  end
  if ends_at then redis.call("PEXPIREAT", key, integer(life)) else redis.call("PEXPIRE", key, integer(life)) end
end

-- Writes an access token of that grant; of a compact one, what is the grant's too is left out. Times are in epoch seconds.
local function write_access_token(key, grant, is_compact, token, issued_at, expires_at)
  if is_compact then
    local function own(value, inherited, none) return value == inherited and "" or value == "" and none or value end
    local lines = {integer(issued_at), integer(expires_at), own(token.scope, grant.scopes, ""),
      own(token.audience, grant.audience or "", "-"), token.jkt, own(token.client_id, grant.client_id, ""), token.actors}
    redis.call("SET", key, (string.gsub(table.concat(lines, "\n"), "\n+$", "")))
  else
    -- A repetition may come to a grant that took the other encoding meanwhile.
    if redis.call("TYPE", key).ok == "string" then redis.call("DEL", key) end
    redis.call("HSET", key, "claims", token.claims, "issued_at", integer(issued_at), "expires_at", integer(expires_at))
  end
  redis.call("PEXPIREAT", key, integer(expires_at * 1000))
end

-- Returns nothing for an access token that isn't there, else its `expires_at` in epoch seconds and whose it is: its
-- `client_id`, `audience` and `subject`, of which nil is the grant's.
local function read_access_token(key)
  local kind = redis.call("TYPE", key).ok
  if kind == "none" then return end
  if kind == "string" then
    local lines = {}
    for value in string.gmatch(redis.call("GET", key) .. "\n", "([^\n]*)\n") do lines[#lines + 1] = value end
    local audience, client_id = lines[4] or "", lines[6] or ""
    return {expires_at = lines[2], client_id = client_id ~= "" and client_id or nil,
      audience = audience == "-" and "" or audience ~= "" and audience or nil}
  end
  local dumped, expires_at = unpack(redis.call("HMGET", key, "claims", "expires_at"))
  local claims = cjson.decode(dumped)
  return {expires_at = expires_at, client_id = claims.client_id, audience = table.concat(claims.aud, " "),
    subject = claims.sub}
end
