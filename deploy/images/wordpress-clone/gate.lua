--[[
The door of the site: asked before each of its files is served. Visitors come in when the worker has said so, through the
agent: `base.write` of the name `visitors`. Its text is `open`, or the clone's expiry in Unix seconds; anything else, as
`closed`, keeps them out.
]]

require "apache2"

local STATE = "/run/wcr/agent/base/visitors"
local SITE = "/var/www/html"
-- Longer ones are no plain denials.
local MAX_BYTES = 16 * 1024

-- Says nothing about who may read, or only which of two spellings of the same denial counts.
local SILENT = { "^$", "^#", "^</?ifmodule%f[%W]", "^order%s", "^options%s", "^satisfy%s+all$", "^indexignore%s" }
local DENIAL = { "^deny%s+from%s+all$", "^require%s+all%s+denied$" }
-- Whatever else speaks of access may let some in: no plain denial, and it takes the place of those above.
local ACCESS = { "^allow%f[%W]", "^deny%f[%W]", "^require%f[%W]", "^satisfy%f[%W]", "^<files", "^<limit", "^<requirea", "^<if%f[%W]" }

local function matches(line, patterns)
  for _, pattern in ipairs(patterns) do
    if line:find(pattern) then
      return true
    end
  end
  return false
end

-- Nothing where there is no such file.
local function read_text(path, bytes)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read(bytes) or ""
  file:close()
  return text
end

-- The agent empties the file for a moment when it writes it anew; on a busy machine that moment can be long.
local function read_state(r)
  local text = read_text(STATE, 64)
  for _ = 1, 100 do
    if text ~= "" then
      break
    end
    r.usleep(20000)
    text = read_text(STATE, 64)
  end
  return (text or ""):match("^%s*(.-)%s*$")
end

-- What the rules of one folder say of its files: "denied", "other", or nothing.
local function verdict_of(text)
  if #text > MAX_BYTES then
    return nil
  end
  local denials, others, speaks = 0, 0, false
  for line in text:lower():gmatch("[^\r\n]+") do
    line = line:match("^%s*(.-)%s*$")
    if matches(line, DENIAL) then
      denials = denials + 1
    elseif not matches(line, SILENT) then
      others = others + 1
      speaks = speaks or matches(line, ACCESS)
    end
  end
  if denials > 0 and others == 0 then
    return "denied"
  end
  return (speaks or denials > 0) and "other" or nil
end

-- True when the rules beside a file, or the nearest above that speak of access, keep everybody out and do nothing else.
local function is_denied_by_folder(path)
  local folder = path:match("^(.*)/")
  while folder and folder:sub(1, #SITE) == SITE do
    local verdict = verdict_of(read_text(folder .. "/.htaccess", MAX_BYTES + 1) or "")
    if verdict then
      return verdict == "denied"
    end
    folder = folder:match("^(.*)/")
  end
  return false
end

function check(r)
  local state = read_state(r)
  local expires_at = tonumber(state:match("^%d+$"))
  if not expires_at and state ~= "open" then
    return 503
  end
  if expires_at then
    if expires_at <= os.time() then
      return 404
    end
    r.subprocess_env["WCR_CLONE_EXPIRES_AT"] = state
  end
  if not r.filename:find("%.php$") and is_denied_by_folder(r.filename) then
    return 404
  end
  return apache2.DECLINED
end
