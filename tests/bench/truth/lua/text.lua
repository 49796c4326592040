-- Strings, patterns, formats, packing and UTF-8.
local words = {}
for word in ("the quick brown fox jumps over the lazy dog"):gmatch("%a+") do
  words[#words + 1] = word
end
print(#words, table.concat(words, "|", 2, 5))
print(("hello world"):gsub("o", "0"))
print(("hello world"):gsub("%w+", "<%0>", 1))
print(("hello"):gsub("", "-"))
print(("$name is $age"):gsub("%$(%w+)", { name = "Ada", age = 36 }))
print(("abc"):gsub("%w", function(c) return c:upper() .. c:byte() end))
print(("  trim me  "):match("^%s*(.-)%s*$") .. "|")
print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"))
print(("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):find("%((%a+)%)"))
print(("2026-11-23"):match("(%d+)-(%d+)-(%d+)"))
print(("THE END"):find("END", 1, true), ("x"):find("y", 1, true), ("abc"):find("b", -1))
print(("hello.world"):find(".", 1, true), ("a.b"):find("%."))
print(("%frontier word"):gsub("%f[%a]%a+", string.upper))
print(("aaab"):match("a-b"), ("aaab"):match("^a*"), ("aab"):match("a?a?a?b"))
print(("[x]"):match("[%]x]"), ("q-z"):gsub("[a-y]", "."), ("q-z"):gsub("[^a-y]", "."))
print(("pos"):match("()s()"), ("abab"):match("(ab)%1"))
print(pcall(string.rep, "x", -1), ("ab"):rep(3, ","), ("x"):rep(0))
print(("hello"):sub(2, -2), ("hello"):sub(-3), ("hello"):byte(1, -1))
print(("Hello"):lower(), ("Hello"):upper(), ("Hello"):reverse(), ("Hello"):len())
print(string.char(72, 105), #string.char())
for _, bad in ipairs { "[a", "%", "(a", "%b", "a)", "%f", "(()" } do
  print(bad, pcall(string.find, "aaa", bad))
end
print(pcall(string.gsub, "x", "x", "%2"), pcall(string.gsub, "x", "x", true))

print(string.format("%5d|%-5d|%05d|%+d|%x|%X|%#o|%c", 42, 42, 42, 42, 255, 255, 8, 65))
print(string.format("%10.3f|%-10.2e|%g|%g|%a", 3.14159, 31415.9, 1e20, 0.1, 1.0))
print(string.format("%q %q %q %q", 'a "quoted"\n\0line\r', 1 / 3, 42, math.mininteger))
print(string.format("%s %10s %-10s| %.2s %%", "str", "right", "left", "cut"))
print(string.format("%i %u", 3.0, 7), pcall(string.format, "%d", 3.5), pcall(string.format, "%y", 1))
print(string.format("%s %s %s", nil, true, setmetatable({}, { __tostring = function() return "mine" end })))
print(pcall(string.format, "%s"), pcall(string.format, "%d", "x"), pcall(string.format, "%0123d", 1))

local packed = string.pack("<i4 >I2 z s1 d !8 xj", -7, 513, "zero", "short", 2.5, 99)
print(#packed, string.unpack("<i4 >I2 z s1 d !8 xj", packed))
print(string.packsize("i4 i8 !4 d"), pcall(string.unpack, "i4", "abc"), pcall(string.pack, "i1", 300))
print(string.unpack("<f n B b H h", string.pack("<f n B b H h", 1.5, -2.5, 200, -100, 60000, -30000)))
print(pcall(string.pack, "i17", 1), pcall(string.pack, "!3 i4", 1), string.unpack("c3", "abcdef"))

local text = "añ€😀"
print(#text, utf8.len(text), utf8.char(97, 241, 8364, 128512) == text, utf8.codepoint(text, 1, -1))
for place, code in utf8.codes(text) do io.write(place, ":", code, " ") end
print(utf8.offset(text, 3), utf8.offset(text, -1), utf8.len("\xff"), pcall(utf8.codepoint, "\xff"))
print(pcall(utf8.char, -1), utf8.charpattern, pcall(function() for _ in utf8.codes("a\xff") do end end))

print("10" + 5, "0x10" * 2, 10 .. 20, "3.0" + 1, pcall(function() return "a" + 1 end))
print(tonumber("  12  "), tonumber("1e1"), tonumber("0x1p4"), tonumber("zz", 36), tonumber("8", 8), tonumber(""), tonumber("1 2"))
print(tostring(1e15), tostring(-0.0), tostring(1e100), 2 ^ 53, math.tointeger("8"), 7 // 2, -7 // 2, 7 % -3, -7 % 3, 5.5 // 2, 5.5 % -2)
print("a" < "b", "a" < "B", "" < "a", "a\0b" < "a\0c", "Z" <= "a", not ("b" <= "a"))
print('escapes \x41 \u{48} \65 \z
       joined \'', [==[
long ]] string]==])
local parts = {}
for i = 1, 3000 do parts[#parts + 1] = ("%d:%s"):format(i, ("x"):rep(i % 7)) end
local joined = table.concat(parts, ",")
print(#joined, select(2, joined:gsub("xx+", "")), #joined:reverse())
local long = {}
for i = 1, 60 do long["key number " .. i .. (" "):rep(40)] = i end
print(long["key number 7" .. (" "):rep(40)])
