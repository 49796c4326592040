-- The libraries: math, os, io, load, require, debug.
print(math.floor(3.7), math.ceil(3.2), math.floor(-3.5), math.abs(-4), math.max(1, 5, 3), math.min(2, 0), math.fmod(7, 3), math.fmod(-7.5, 2), math.sqrt(16), math.pi)
print(math.sin(0), math.cos(0), math.tan(0), math.asin(0), math.acos(1), math.atan(0, 1), math.exp(0), math.log(8, 2), math.log(100, 10), math.log(1), math.log(27, 3), math.modf(3.7), math.modf(-math.huge))
print(math.tointeger(3.0), math.tointeger(3.5), math.tointeger({}), pcall(math.floor, "x"), pcall(math.max), pcall(math.fmod, 1, 0), math.abs(math.mininteger), math.floor(1e100))
math.randomseed(42)
print(math.random(100), math.random(5, 10), math.random() < 1, math.random(0) ~= nil, pcall(math.random, 2, 1), pcall(math.random, 1, 2, 3))

print(os.getenv("NO_SUCH_VARIABLE"), type(os.time()), os.time { year = 2026, month = 11, day = 23, hour = 12 } > 0, os.date("!%Y-%m-%d %H:%M:%S", 86400), os.date("!*t", 0).year, pcall(os.date, "%Ez", 0), pcall(os.date, "%Q", 0))
print(pcall(os.time, { year = 2026 }), os.difftime(5, 3), type(os.clock()), os.setlocale("C"), os.rename("/no/such/a", "/no/such/b"), os.remove("/no/such/file"))

local name = os.tmpname()
local file = assert(io.open(name, "w"))
print(file:write("first line\n", 2, " ", 3.5, "\n", "third\n0x1F -7.25e2 nan\nlast without newline"), io.type(file), file:seek("cur"), file:setvbuf("full", 1024), file:flush())
file:close()
print(io.type(file), io.type(42), pcall(file.write, file, "x"), tostring(file))
for line in io.lines(name) do io.write("[", line, "]") end
for two, rest in io.lines(name, 2, "L") do io.write("<", two, rest or "", ">") end
file = io.open(name)
print(file:read("l", "n", "n", "L", 3, 0), file:read("l"), file:read("n", "n", "n"))
print(file:seek("set", 0), file:read("a"), file:read("a"), file:read("l"), file:read(0), file:seek("end"), pcall(file.read, file, "x"))
file:close()
file = io.open(name, "a+"); file:write("\nappended"); file:seek("set"); print(#file:read("a")); file:close()
print(io.open("/no/such/file"), pcall(io.open, name, "zz"), pcall(io.lines, "/no/such/file"))
io.output(name); io.write("through the default"); io.close(); io.output(io.stdout)
io.input(name); print(io.read("a")); io.close(io.input()); io.input(io.stdin)
do local closing <close> = io.open(name) print(closing:read(3)) end
local pipe = io.popen("echo from a child; exit 3")
print(pipe:read("a"), pipe:close())
print(os.execute("exit 2"), os.execute(), os.remove(name))
local temporary = io.tmpfile(); temporary:write("x"); temporary:close()

print(load("return 1 + 1")(), load("syntax error here"), load(function() return nil end), pcall(load, "return", "name", "b"))
local pieces = { "return ", "...", " * 2" }
print(load(function() return table.remove(pieces, 1) end, "=pieces", "t", {})(21), load("x = 5; return x", "env", "t", { })())
local dumped = string.dump(function(a) local t = { a, "text", 1.5, true, nil }; return #t, t[2], function() return a end end)
print(#dumped > 0, load(dumped, "dumped", "b")(9), load(dumped:sub(1, 40), "cut", "b"), load(dumped, "dumped", "t"), pcall(string.dump, print))
print(#string.dump(load("local a <const> = 1; return a"), true) > 0)
print(pcall(require, "no.such.module"), require("module").answer, require("module") == package.loaded.module, package.searchpath("module", package.path) ~= nil)
package.preload.loaded = function(name, extra) return { name = name, extra = extra } end
print(require("loaded").name, require("loaded").extra, pcall(dofile, "/no/such/file"), loadfile("/no/such/file"), package.loadlib("/no/such/lib.so", "f"))

local function inspected(a, b, ...)
  local c = a
  local info = debug.getinfo(1, "nSlutfr")
  print(info.name, info.short_src:match("[^/]+$"), info.currentline > 0, info.nups, info.nparams, info.isvararg, debug.getlocal(1, 1), debug.getlocal(1, -1), debug.getlocal(inspected or print, 1), debug.setlocal(1, 3, 9), c)
end
inspected(1, 2, 3)
local upvalue = 1
local function holder() return upvalue end
print(debug.getupvalue(holder, 1), debug.setupvalue(holder, 1, 5), upvalue, debug.upvalueid(holder, 1) ~= nil, debug.getinfo(print).what, debug.getinfo(99), pcall(debug.getinfo, 1, "X"), debug.getregistry() ~= nil)
local other = function() return name end
debug.upvaluejoin(other, 1, holder, 1)
print(other(), debug.getmetatable("").__name, debug.setmetatable(10, { __index = function(n, k) return k .. n end }), (5).five, debug.setmetatable(10, nil))
local events = {}
debug.sethook(function(event, line) events[event] = (events[event] or 0) + 1 end, "crl", 100)
for i = 1, 200 do math.abs(i) end
print(debug.gethook() ~= nil)
debug.sethook()
print(events.call > 0, events["return"] > 0, events.line > 0, events.count > 0)
print(debug.getinfo(coroutine.create(print), 0), debug.getuservalue(io.stdout, 1), debug.traceback(coroutine.create(print)), debug.traceback({}) ~= nil)
print(_VERSION, type(_G), rawequal(_G, _ENV), ipairs({}), type(next), tostring(nil), pcall(tostring), getmetatable(io.stdout).__name, pcall(ipairs), pcall(setmetatable, {}, 1), pcall(rawset, {}, nil, 1), pcall(collectgarbage, "bad"))
