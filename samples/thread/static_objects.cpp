// Shows C++ objects made before main and destroyed after it, and thread_local ones in every thread.
// build: c++ -g -O0 -pthread
#include <cstdio>
#include <thread>

struct Noisy {
    const char *name;
    explicit Noisy(const char *n) : name(n) {       // hit
        std::printf("made %s\n", name);             // hit
    }                                               // hit
    ~Noisy() {                                      // hit
        std::printf("destroyed %s\n", name);        // hit
    }                                               // hit
};

static Noisy before_main("before main");            // hit

static int counted() {                              // hit
    static Noisy on_first_use("on first use");      // hit
    thread_local Noisy in_thread("in thread");      // hit
    return in_thread.name[0];                       // hit
}                                                   // hit

int main() {                                        // hit
    std::puts("main");                              // hit
    std::thread other(counted);                     // hit
    other.join();                                   // hit
    std::printf("%c\n", counted());                 // hit
    return 0;                                       // hit
}
