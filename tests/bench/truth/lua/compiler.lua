-- Source that makes the compiler take its rarer ways: many constants, registers, jumps, nested functions, bad source.
local many = { "local t = {" }
for i = 1, 600 do many[#many + 1] = ("'constant %d', %d.5,"):format(i, i) end
many[#many + 1] = "} local s = 0 for i = 1, #t, 2 do s = s + #t[i] end return s, t[#t]"
print(load(table.concat(many, "\n"))())

local branches = { "local x = ... " }
for i = 1, 200 do branches[#branches + 1] = ("%s x == %d then return 'case %d'"):format(i == 1 and "if" or "elseif", i, i) end
branches[#branches + 1] = "else return 'other' end"
local chosen = load(table.concat(branches, "\n"))
print(chosen(1), chosen(200), chosen(201))

local depth = ("(function() return "):rep(50) .. "1" .. (" end)()"):rep(50)
print(load("return " .. depth)())
print(load("local a, b, c = ... ; return a and b or c, not a == b, a ~= b and a < b or c > a, (a or b) .. c, -a ^ 2, not not nil")(1, 2, 3))
print(load("local a = 5; local b = a + 1 - 2 * 3 / 4 % 5 // 6 & 7 | 8 ~ 9 << 10 >> 1; a, b = b, a; return a, b")())
print(load("local t = { f = function(self, x) return self, x end, [1] = { 2, { 3 } } } return t:f(1) == t, t[1][2][1], t.f 'str', #t { }")== nil)
print(load("local a <const>, b <const> = 10, 'text'; return a * 2, b .. a, a < 11, a == 10, 300 + a, a - 300, 1.5 * a")())
print(load("local function f(...) local a, b = ... ; return ..., a, b, { ... }, #{ ..., n = 1 } end return f(1, 2)")())
print(load("goto done; do ::again:: return 'again' end ::done:: for i = 1, 3 do for j = 1, 3 do if j == 2 then goto next end end ::next:: end return 'done'")())

for _, source in ipairs {
  "x = ", "for i = 1 do end", "goto nowhere", "::a:: ::a::", "break", "local x <bad> = 1", "local x <const> = 1; x = 2", "return return", "x = 'unfinished",
  "x = [[unfinished", "--[[ unfinished", "x = '\\q'", "x = '\\400'", "x = '\\xZZ'", "x = '\\u{110000000}'", "x = 0x", "x = 1e", "x = 3x", "f(", "a.b:c = 1", "x = }", "if x then",
  "local function f() return ... end", "x = @", "a, b + 1 = 2", "function f.g:h.i() end", "(a) = 1 = 2", "local a <close>, b <close> = 1, 2", "x = '\\", "x = '\n'", "repeat local a until b c",
  "goto l; local a; ::l:: print(a)", "x = [==x", "for a.b in c do end", "x = ~", "and", "x = function(a, a.b) end",
} do
  print((select(2, load(source, "=source"))))
end
local registers = {}
for i = 1, 201 do registers[i] = "local v" .. i .. " = " .. i end
print((select(2, load(table.concat(registers, "\n"), "=locals"))))
local upvalues = {}
for i = 1, 150 do upvalues[i] = "v" .. i end
local names = table.concat(upvalues, ", ")
print(select("#", load("local " .. names .. " = 1, 2; return function() return " .. names .. " end")()()))
print((select(2, load("return " .. ("("):rep(300) .. "1" .. (")"):rep(300), "=deep"))))
print((select(2, load(("a = b .. "):rep(1) .. ("c .. "):rep(260) .. "d", "=concat"))))
