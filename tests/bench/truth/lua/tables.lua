-- Tables, metatables, sorting, and the garbage collector.
local list = { 5, 2, 8, 1, 9, [10] = "ten", name = "list"; 3 }
table.sort(list)
print(table.concat(list, " "), #list, list.name, list[10])
table.insert(list, 4)
table.insert(list, 1, 0)
print(table.remove(list), table.remove(list, 1), #list, table.remove({}), pcall(table.insert, list, 99, 1), pcall(table.insert, list))
print(table.unpack({ 1, 2, nil, 4 }, 1, 4))
print(table.pack(1, nil, 3).n, select("#", nil, nil), select(-1, 1, 2, 3), pcall(select, 0))
print(table.concat(table.move({ 1, 2, 3 }, 1, 3, 2), ","), table.concat(table.move({ 1, 2, 3 }, 2, 3, 1), ","), pcall(table.concat, { {} }))
print(next({}), next({ 10 }), rawlen({ 1, 2 }), rawlen("abc"), rawequal(list, list), rawget(list, "name"), pcall(next, {}, "no"))

-- A sort with many elements and a comparison of its own, sorted, reversed and equal inputs.
local state = 42
local function random(limit)
  state = (state * 1103515245 + 12345) % 2147483648
  return state % limit
end
local many = {}
for i = 1, 3000 do many[i] = random(10000) end
table.sort(many, function(a, b) return a > b end)
for i = 2, #many do assert(many[i - 1] >= many[i]) end
table.sort(many)
for i = 2, #many do assert(many[i - 1] <= many[i]) end
print(pcall(table.sort, { 1, 2, 3, 4, 5 }, function() return true end))
print(pcall(table.sort, { 1, "x", {} }))

-- Growth of the array and of the hash part, holes, and removal while traversing.
local sparse = {}
for i = 1, 2000 do sparse[i * 3] = i end
for i = 2000, 1, -1 do if i % 2 == 0 then sparse[i * 3] = nil end end
local count = 0
for k, v in pairs(sparse) do count = count + 1; sparse[k] = nil end
print(count, next(sparse))
local keys = { [1.5] = "float", [true] = "boolean", [print] = "function", [2 ^ 53] = "big", [-1] = "negative", [3.0] = "three" }
print(keys[1.5], keys[true], keys[print], keys[2 ^ 53], keys[-1], keys[3])
print(pcall(function() keys[nil] = 1 end), pcall(function() keys[0 / 0] = 1 end), keys[nil])

-- Every metamethod.
local V = {}
V.__index = function(t, k) return k == "magic" and 42 or rawget(V, k) end
V.__newindex = function(t, k, v) rawset(t, k, v * 2) end
V.__call = function(self, a, b) return "called", a, b end
V.__tostring = function(self) return "V(" .. rawget(self, "x") .. ")" end
V.__len = function() return 7 end
V.__eq = function(a, b) return rawget(a, "x") == rawget(b, "x") end
V.__lt = function(a, b) return rawget(a, "x") < rawget(b, "x") end
V.__le = function(a, b) return rawget(a, "x") <= rawget(b, "x") end
V.__concat = function(a, b) return "concat" end
V.__close = function() print("closed") end
V.__name = "Vector"
V.__pairs = function(t) return function(_, k) if not k then return 1, "one" end end, t, nil end
for name, operation in pairs {
  add = function(a, b) return a + b end, sub = function(a, b) return a - b end, mul = function(a, b) return a * b end,
  div = function(a, b) return a / b end, mod = function(a, b) return a % b end, pow = function(a, b) return a ^ b end,
  unm = function(a) return -a end, idiv = function(a, b) return a // b end, band = function(a, b) return a & b end,
  bor = function(a, b) return a | b end, bxor = function(a, b) return a ~ b end, shl = function(a, b) return a << b end,
  shr = function(a, b) return a >> b end, bnot = function(a) return ~a end,
} do
  V["__" .. name] = function(a, b) return name end
  assert(operation(setmetatable({ x = 1 }, V), setmetatable({ x = 2 }, V)) == name)
end
local a, b = setmetatable({ x = 1 }, V), setmetatable({ x = 2 }, V)
a.y = 21
print(a.magic, rawget(a, "y"), a.y, tostring(a), #a, a == b, a < b, a <= b, a > b, a .. "x", "x" .. a, 1 .. a, a(1, 2))
print(a + 1, 1 + a, 2 ^ a, a << 1, 5 & a, -a, ~a, a // 3, 3 % a, 1.5 * a, 1.5 - a, 2 | a, a ~ 5, 1 >> a)
for k, v in pairs(a) do print(k, v) end
do local closing <close> = a; local const <const> = 5; print("in", const) end
print(getmetatable("").__index == string, pcall(setmetatable, setmetatable({}, { __metatable = "locked" }), {}))
print(getmetatable(setmetatable({}, { __metatable = "locked" })))
local inherited = setmetatable({}, { __index = setmetatable({ deep = "found" }, { __index = { deeper = "also" } }) })
print(inherited.deep, inherited.deeper, inherited.none)
local sink = {}
local forward = setmetatable({}, { __newindex = sink })
forward.z = 1
print(sink.z, rawget(forward, "z"))
local loop = {}
setmetatable(loop, { __index = loop })
print(pcall(function() return loop.x end))

-- Garbage: weak tables, ephemerons, finalizers, both modes, and a closed state at the end.
local finalized = 0
for mode = 1, 2 do
  print(collectgarbage(mode == 1 and "incremental" or "generational") ~= nil)
  for round = 1, 20 do
    local weak_values, weak_keys = setmetatable({}, { __mode = "v" }), setmetatable({}, { __mode = "k" })
    local both = setmetatable({}, { __mode = "kv" })
    for i = 1, 50 do
      weak_values[i] = { i }
      local key = setmetatable({}, { __gc = function() finalized = finalized + 1 end })
      weak_keys[key] = { key }
      both[key] = key
    end
    if round % 5 == 0 then collectgarbage() end
    if round % 7 == 0 then collectgarbage("step", 100) end
  end
  collectgarbage()
end
print(finalized, collectgarbage("count") > 0, collectgarbage("isrunning"))
collectgarbage("stop")
print(collectgarbage("isrunning"), collectgarbage("restart"), collectgarbage("setpause", 150) > 0, collectgarbage("setstepmul", 200) > 0)
collectgarbage("incremental")
survivor = setmetatable({}, { __gc = function() print("finalized as the state closes") end })
broken = setmetatable({}, { __gc = function() error("in a finalizer") end })
