// Shows a process of four threads stopped and continued by its parent while they run.
// build: cc -g -O0 -pthread
// process parent: exit 0
// process child of parent: exit 6
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int leave;

static void *busy(void *argument) {                 // hit @child
    (void)argument;
    unsigned long turns = 0;                        // hit @child
    while (!leave)                                  // hit @child
        turns += 1;
    return (void *)turns;                           // hit @child
}

static int child(int in) {                          // hit @child
    pthread_t threads[4];
    char byte;
    for (int i = 0; i < 4; i++)                     // hit @child
        pthread_create(&threads[i], NULL, busy, NULL); // hit @child
    leave = read(in, &byte, 1) == 1;                // hit @child
    for (int i = 0; i < 4; i++)                     // hit @child
        pthread_join(threads[i], NULL);             // hit @child
    return 6;                                       // hit @child
}

int main(void) {                                    // hit @parent
    int to[2], status = 0;                          // hit @parent
    if (pipe(to) != 0)                              // hit @parent
        return 1;                                   // miss
    pid_t pid = fork();                             // hit
    if (pid == 0)                                   // hit @parent @child
        _exit(child(to[0]));                        // hit @child
    for (int i = 0; i < 5; i++) {                   // hit @parent
        kill(pid, SIGSTOP);                         // hit @parent
        waitpid(pid, &status, WUNTRACED);           // hit @parent
        dprintf(1, "stopped %d ", WIFSTOPPED(status)); // hit @parent
        kill(pid, SIGCONT);                         // hit @parent
        waitpid(pid, &status, WCONTINUED);          // hit @parent
        dprintf(1, "continued %d\n", WIFCONTINUED(status)); // hit @parent
    }
    if (write(to[1], "x", 1) != 1)                  // hit @parent
        return 1;                                   // miss
    waitpid(pid, &status, 0);                       // hit @parent
    dprintf(1, "status %d\n", WEXITSTATUS(status)); // hit @parent
    return 0;                                       // hit @parent
}
