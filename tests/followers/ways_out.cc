// Shows functions that are contexts as long as they run, and all ways out of them. Behind `//` are the labels under which a
// line runs, `-` where it runs under none; a line without has no code, or runs never. What a thread beside one runs may be
// of its context, too, which has a `?` then.
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <stdexcept>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static std::jmp_buf out;
static volatile int sum;

static void shared(int by) { // -, returns, calls, recurs, throws, forks, executes, handles, switches, threads
    sum += by;               // -, returns, calls, recurs, throws, forks, executes, handles, switches, threads
} //                            -, returns, calls, recurs, throws, forks, executes, handles, switches, threads

static void leave(int how) { // throws, jumps
    if (how == 1)            // throws, jumps
        throw std::runtime_error("out"); // throws
    std::longjmp(out, 1);    // jumps
}

extern "C" void test_returns() { // returns
    shared(1);                   // returns
} //                                returns

extern "C" void test_calls() { // calls
    test_returns();            // calls
    shared(2);                 // calls
} //                              calls

extern "C" void test_recurs(int depth) { // recurs
    if (depth > 0)                       // recurs
        test_recurs(depth - 1);          // recurs
    shared(3);                           // recurs
} //                                        recurs

extern "C" void test_throws() { // throws
    shared(4);                  // throws
    leave(1);                   // throws
}

extern "C" void test_jumps() { // jumps
    leave(2);                  // jumps
}

extern "C" void test_forks() { // forks
    if (fork() == 0) {         // forks
        shared(5);             // forks
        std::exit(0);          // forks
    }
    wait(nullptr); // forks
} //                  forks

extern "C" void test_executes(const char *self) {     // executes
    if (fork() == 0)                                  // executes
        execl(self, self, "child", (char *)nullptr);  // executes
    wait(nullptr);                                    // executes
} //                                                     executes

static void in_child() { // executes
    shared(6);           // executes
} //                        executes

static void on_signal(int) { // handles
    shared(7);               // handles
} //                            handles

extern "C" void test_handles() { // handles
    raise(SIGUSR1);              // handles
    shared(8);                   // handles
} //                                handles

static ucontext_t here, there;

static void beside() { // switches
    shared(9);         // switches
} //                      switches

extern "C" void test_switches() {   // switches
    swapcontext(&here, &there);     // switches
    shared(10);                     // switches
} //                                   switches

extern "C" void *test_threads(void *) { // threads
    shared(11);                         // threads
    pthread_exit(nullptr);              // threads
}

static void after_thrown() { // -
    sum += 1;                // -
} //                            -

static void after_jump() { // -
    sum += 2;              // -
} //                          -

static void after_thread() { // -
    sum += 3;                // -
} //                            -

static void throws_and_catches() { // -
    try {
        test_throws();             // -
    } catch (const std::runtime_error &) { // -
        after_thrown();            // -
    }                              // -
} //                                  -

int main(int argc, char **argv) { // -, executes
    if (argc > 1) {               // -, executes
        in_child();               // executes
        return 0;                 // executes
    }
    test_returns();               // -
    test_calls();                 // -
    test_recurs(3);               // -
    throws_and_catches();         // -
    if (setjmp(out) == 0)         // -
        test_jumps();             // -
    else
        after_jump();             // -
    test_forks();                 // -
    test_executes(argv[0]);       // -

    stack_t stack = {};           // -
    stack.ss_size = 1 << 16;      // -
    stack.ss_sp = std::malloc(stack.ss_size); // -
    sigaltstack(&stack, nullptr); // -
    struct sigaction action = {}; // -
    action.sa_handler = on_signal; // -
    action.sa_flags = SA_ONSTACK; // -
    sigaction(SIGUSR1, &action, nullptr); // -
    test_handles();               // -

    getcontext(&there);           // -
    there.uc_stack.ss_size = 1 << 16; // -
    there.uc_stack.ss_sp = std::malloc(1 << 16); // -
    there.uc_link = &here;        // -
    makecontext(&there, beside, 0); // -
    test_switches();              // -

    pthread_t thread;
    pthread_create(&thread, nullptr, test_threads, nullptr); // -, threads?
    pthread_join(thread, nullptr); // -, threads?
    after_thread();               // -
    shared(0);                    // -
    std::printf("%d\n", sum);     // -
    return 0;                     // -
} //                                 -, executes
