-- Calls, arithmetic and a sort: long enough that what counts is the speed of lines that have been seen.
local function fibonacci(n) return n < 2 and n or fibonacci(n - 1) + fibonacci(n - 2) end
local state, list = 42, {}
for i = 1, 200000 do
  state = (state * 1103515245 + 12345) % 2147483648
  list[i] = state
end
table.sort(list)
print(fibonacci(31), list[1], list[#list])
