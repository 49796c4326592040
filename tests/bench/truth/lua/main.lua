-- Runs every script beside this one. What they print is the same on every run and every build: no addresses.
local here = arg[0]:match("^(.*/)") or "./"
package.path = here .. "?.lua"
local plain = print
function print(...)
  local values = table.pack(...)
  for i = 1, values.n do values[i] = tostring(values[i]):gsub("0x%x%x%x%x%x%x+", "0x..") end
  plain(table.unpack(values, 1, values.n))
end
for _, name in ipairs { "text", "tables", "control", "library", "compiler" } do
  local ok, message = pcall(dofile, here .. name .. ".lua")
  print(name, ok, message)
end
warn("@on")
warn("a warning in ", "two pieces")
os.exit(true, true)
