// Shows rows of the line table that control enters in their middle: arms of conditions, and braces behind destructors.
// build: g++ -g -O0
#include <cstdio>
#include <string>

static volatile int sum;

struct Plain {
    unsigned long first;                                // none
    int second;                                         // none
    Plain(unsigned long a, int b) noexcept : first(a), second(b) {} // hit
};

struct Destroyed {
    int n;
    explicit Destroyed(int m) : n(m) {}                 // hit
    ~Destroyed() { sum += n; }                          // hit
};

__attribute__((noinline)) static int chosen(unsigned long n, bool first) {
    const Plain plain = first
        ? Plain(n, 1)
        : Plain(n + 7, 2);                              // hit
    return plain.second;                                // hit
}

__attribute__((noinline)) static int may_throw(const Destroyed &object) {
    if (object.n > 100)                                 // hit
        throw 1;                                        // miss
    return object.n;                                    // hit
}

__attribute__((noinline)) static std::string made(int n) {
    std::string text;                                   // hit
    text.append(n, 'x');                                // hit
    return text;                                        // hit
}                                                       // hit

__attribute__((noinline)) static std::string made_with(const Destroyed &other) {
    Destroyed own(3);                                   // hit
    std::string text;                                   // hit
    may_throw(own);                                     // hit
    may_throw(other);                                   // hit
    return text;                                        // hit
}                                                       // hit

__attribute__((noinline)) static void left_early(int n) {
    if (n > 100) {                                      // hit
        sum += n;                                       // miss
    }

    return;                                             // hit
}                                                       // hit

__attribute__((noinline)) static bool both(int a, int b) {
    return a > 100
        && b > 100;                                     // hit
}                                                       // hit

int main() {
    left_early(1);                                      // hit
    std::printf("%zu %d %d\n", made(3).size(), chosen(4, false), both(1, 2)); // hit
    made_with(Destroyed(1));                            // hit
    return 0;                                           // hit
}                                                       // hit
