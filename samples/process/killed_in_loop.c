// Shows processes that are killed by another in a loop, and a line before it that belongs to the same straight-line code.
// build: cc -g -O0
// build optimised: cc -g -O2
// build clang: clang -g -O2
// process parent: exit 0
// process child of parent: signal 9
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int *shared;

__attribute__((noinline)) static void loops(int times) {
    shared[1] = 1;                                      // hit @child
    shared[2] = 2;                                      // hit @child
    shared[0] = 1;                                      // hit @child
    while (shared[3] != times)                          // hit @child
        shared[4] += 1;                                 // hit @child
    shared[5] = 1;                                      // miss
}

int main(void) {
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); // hit @parent
    pid_t pid = fork();                                 // hit
    if (pid == 0)                                       // hit @parent @child
        loops(7);                                       // hit @child
    while (shared[4] < 1000)                            // hit @parent
        ;
    kill(pid, SIGKILL);                                 // hit @parent
    int status = 0;
    waitpid(pid, &status, 0);                           // hit @parent
    printf("%d\n", WTERMSIG(status));                   // hit @parent
    return 0;                                           // hit @parent
}
