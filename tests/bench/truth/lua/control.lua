-- Control flow, closures, coroutines, errors and integer arithmetic.
local function fibonacci(n) return n < 2 and n or fibonacci(n - 1) + fibonacci(n - 2) end
print(fibonacci(18))

local function counter()
  local n = 0
  return function() n = n + 1; return n end, function() return n end
end
local up, get = counter()
up(); up()
print(get(), (function(...) return select("#", ...) end)(1, nil, nil))
local closures = {}
for i = 1, 3 do closures[i] = function() i = i + 1; return i end end
print(closures[1](), closures[1](), closures[3]())

for i = 10, 1, -3 do io.write(i, " ") end
for i = 1.0, 2, 0.25 do io.write(i, " ") end
for i = math.maxinteger - 1, math.maxinteger do io.write(i, " ") end
for i = 1, 0 do error("never") end
print(pcall(function() for i = 1, 10, 0 do end end), pcall(function() for i = "a", 2 do end end))
local n = 0
while true do
  n = n + 1
  if n % 2 == 0 then goto continue end
  if n > 9 then break end
  ::continue::
end
repeat local done = n < 5; n = n - 1 until done
print(n)
local function tail(k) if k == 0 then return "done" end return tail(k - 1) end
print(tail(5000))

-- Coroutines: values both ways, wrap, errors, close, yield across pcall and inside metamethods and iterators.
local co = coroutine.create(function(a, b)
  local c = coroutine.yield(a + b)
  local d, e = coroutine.yield(c * 2)
  return d + e
end)
print(coroutine.resume(co, 1, 2))
print(coroutine.resume(co, 10))
print(coroutine.resume(co, 3, 4))
print(coroutine.resume(co), coroutine.status(co))
for v in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do io.write(v, " ") end
local erring = coroutine.create(function() pcall(coroutine.yield, 1); error({ code = 7 }) end)
print(coroutine.resume(erring))
local ok, err = coroutine.resume(erring)
print(ok, type(err), err.code, coroutine.close(erring))
local pending = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() print("closing") end }) coroutine.yield() end)
coroutine.resume(pending)
print(coroutine.close(pending), coroutine.status(pending), coroutine.isyieldable(), select(2, coroutine.running()))
local yielding = setmetatable({}, { __add = function(a, b) return coroutine.yield("add") end, __index = function(_, k) return coroutine.yield(k) end,
  __lt = function() return coroutine.yield("lt") end, __concat = function() return coroutine.yield("concat") end, __call = function(_, x) return coroutine.yield(x) end })
local body = coroutine.wrap(function()
  local r = { yielding + 1, yielding.field, yielding < yielding, "a" .. yielding .. "b", yielding("call") }
  local s = table.pack(xpcall(function() return coroutine.yield("in xpcall") end, debug.traceback))
  return "end", #r, s.n
end)
for _ = 1, 8 do
  local results = table.pack(pcall(body, 1))
  print(table.unpack(results, 1, results.n))
  if results[2] == "end" then break end
end
print(pcall(coroutine.wrap(function() error("through wrap") end)), pcall(coroutine.resume, co), pcall(coroutine.yield))

-- Errors of every kind, with levels, handlers and tracebacks.
print(pcall(error), pcall(error, nil), pcall(error, "message", 0), pcall(error, "message", 2), pcall(error, setmetatable({}, { __tostring = function() return "object" end })))
print(select(2, xpcall(function() local x = nil; return x.field end, function(m) return "handled: " .. m end)))
print(select(2, xpcall(function() error("first") end, function(m) error("second") end)))
local upvalue
for _, action in ipairs {
  function() return upvalue.x end, function() return missing() end, function() return ("x").y.z end, function() return {} + 1 end,
  function() return #5 end, function() return {} < {} end, function() return 1 < "2" end, function() return {} .. "" end,
  function() return 1 // 0 end, function() return 1 % 0 end, function() return 1.5 | 1 end, function() return "a" | 1 end,
  function() return 2 ^ 63 | 0 end, function() string.rep() end, function() ("x"):bad() end, function() assert(false) end,
  function() assert(nil, "asserted") end, function() return -{} end, function() local t = {}; t.x.y = 1 end, function() setmetatable(1, {}) end,
} do
  print(pcall(action))
end
print((debug.traceback("trace", 1):gsub("\n.*", "")))
-- C calls nested too deep; Lua's own stack is left alone, it takes a million slots to overflow.
local function again() return (string.gsub("x", "x", again)) end
print(pcall(again))
print(pcall(string.rep, "x", 1 << 40))

print(math.maxinteger + 1 == math.mininteger, 1 << 63, 1 << 64, -1 >> 1, 5 // 0.0, -5 // 0.0, 0 / 0 ~= 0 / 0, 3 | 4, 7 & 2, 5 ~ 1, ~0)
print(1 == 1.0, math.type(1), math.type(1.0), math.type("1"), 1 < 1.5, 2 ^ 53 == 2 ^ 53 + 1, math.ult(1, -1), 1e308 * 10, math.maxinteger // -1, math.mininteger // -1, 5 % math.huge, -5 % math.huge)
print(math.maxinteger < math.huge, math.mininteger <= -math.huge, 1 < 0 / 0, math.maxinteger + 0.0 == math.maxinteger, 1.5 < 2, 2 <= 1.5)
