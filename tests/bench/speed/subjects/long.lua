-- Seconds of calls, arithmetic, strings and tables.
local function fibonacci(n) return n < 2 and n or fibonacci(n - 1) + fibonacci(n - 2) end
local words = {}
for i = 1, 3000000 do
  words[#words + 1] = i % 7 == 0 and tostring(i) or i
end
print(fibonacci(37), #table.concat(words, " "))
