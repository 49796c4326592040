// Shows C++ exceptions thrown across frames, with destructors on the way, and through a C callback.
// build: c++ -g -O0
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

struct Guard {
    const char *name;
    explicit Guard(const char *n) : name(n) {}      // hit
    ~Guard() { std::printf("left %s\n", name); }    // hit
};

static int thrower(int n) {                         // hit
    Guard guard("thrower");                         // hit
    if (n > 2)                                      // hit
        throw std::runtime_error("too many");       // hit
    if (n < 0)                                      // hit
        throw n;                                    // miss
    return n;                                       // hit
}                                                   // hit

static int between(int n) {                         // hit
    Guard guard("between");                         // hit
    int sum = thrower(n);                           // hit
    sum += 1;                                       // hit
    return sum;                                     // hit
}                                                   // hit

static int caught(int n) {                          // hit
    try {
        return between(n);                          // hit
    } catch (int number) {
        return number;                              // miss
    } catch (const std::exception &error) {         // hit
        std::printf("caught %s\n", error.what());   // hit
        return -1;                                  // hit
    }
}

static int compare(const void *, const void *) {    // hit
    throw std::string("from qsort");                // hit
}

int main() {                                        // hit
    std::printf("%d\n", caught(1));                 // hit
    std::printf("%d\n", caught(3));                 // hit
    int numbers[2] = {2, 1};                        // hit
    try {
        std::qsort(numbers, 2, sizeof(int), compare); // hit
        std::puts("never");                         // miss
    } catch (const std::string &text) {             // hit
        std::puts(text.c_str());                    // hit
    }
    return 0;                                       // hit
}
