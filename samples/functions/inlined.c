// Shows functions of which nothing is left but what was put into others, at -O0 too, and a line that is of none.
// build: cc -g -O0
// build optimized: cc -g -O2

static inline __attribute__((always_inline)) int body(volatile int x) {
    if (x > 3)                                                      // hit
        return x * 2;
    return x;
}

static __attribute__((noinline)) int caller(int x) { return body(x); }

static inline __attribute__((always_inline)) int unused_body(volatile int x) {
    return x - 1;                                                   // miss
}

static __attribute__((noinline)) int unused(int x) {
    return unused_body(x);
}

static __attribute__((noinline)) int strayed(int x) {
    __asm__ volatile(".loc 1 43\n\tnop"); // a line behind main
    return x;
}

static __attribute__((noinline)) int last(volatile int x) {
    return x;                                                       // hit
}

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 5)                                                   // hit
        return unused(argc);                                        // miss
    return caller(argc) + strayed(argc) + last(argc) - 3;           // hit
}







// this one
