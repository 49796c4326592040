return { answer = 42, name = ... }
