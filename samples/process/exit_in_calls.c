// Shows processes that a thread ends while their main thread is in system calls whose number is known only as they are
// made, so that cov-trace watches them.
// build: cc -g -O0 -pthread
// process main: exit 0
// process child of main: exit 3, 20 times
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *ends_all(void *argument) {
    (void)argument;
    usleep(300 + getpid() * 37 % 900);                  // hit @child
    _exit(3);                                           // hit @child
}

static void calls(void) {
    pthread_t thread;
    pthread_create(&thread, 0, ends_all, 0);            // hit @child
    for (;;)
        syscall(SYS_getppid);
}

int main(void) {                                        // hit @main
    int good = 0;
    for (int i = 0; i < 20; i++) {
        pid_t pid = fork();                             // hit
        if (pid == 0)                                   // hit
            calls();                                    // hit @child
        int status = 0;                                 // hit @main
        waitpid(pid, &status, 0);                       // hit @main
        good += WIFEXITED(status) && WEXITSTATUS(status) == 3; // hit @main
    }
    printf("%d\n", good);                               // hit @main
    return 0;
}
