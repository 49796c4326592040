// Shows lines that a vfork child runs first and its parent afterwards: both have them.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 6
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int calls;

static void both(const char *who) {             // hit @parent @child
    calls += 1;                                 // hit @parent @child
    dprintf(1, "%s: call %d\n", who, calls);    // hit @parent @child
}                                               // hit @parent @child

static void before_and_in_child(void) {         // hit @parent @child
    calls += 10;                                // hit @parent @child
}                                               // hit @parent @child

static void only_child(void) {                  // hit @child
    calls += 100;                               // hit @child
}                                               // hit @child

int main(void) {                                // hit @parent
    before_and_in_child();                      // hit @parent
    pid_t pid = vfork();                        // hit
    if (pid == 0) {                             // hit @parent @child
        before_and_in_child();                  // hit @child
        both("child");                          // hit @child
        only_child();                           // hit @child
        _exit(6);                               // hit @child
    }
    both("parent");                             // hit @parent
    waitpid(pid, NULL, 0);                      // hit @parent
    return 0;                                   // hit @parent
}                                               // hit @parent
