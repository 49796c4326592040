-- Ends with an error that nobody catches: the interpreter prints a traceback and returns 1.
local function inner() error({ code = 5 }) end
local object = setmetatable({}, { __tostring = function() return "an error object" end })
local ok = pcall(inner)
local function outer() error(ok and "impossible" or object) end
outer()
