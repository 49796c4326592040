// Shows a thread that runs fresh lines while a vfork child runs others in the same memory: each has its own.
// build: cc -g -O0 -pthread
// process parent: exit 0
// process child of parent: exit 6
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int step;

static void thread_only(void) {             // hit @parent
    step += 1;                              // hit @parent
}                                           // hit @parent

static void child_only(void) {              // hit @child
    step += 1;                              // hit @child
}                                           // hit @child

static void *run(void *argument) {          // hit @parent
    while (step != 1)                       // hit @parent
        ;
    thread_only();                          // hit @parent
    return argument;                        // hit @parent
}

int main(void) {                            // hit @parent
    pthread_t thread;
    int status = 0;                         // hit @parent
    pthread_create(&thread, NULL, run, NULL); // hit @parent
    pid_t pid = vfork();                    // hit
    if (pid == 0) {                         // hit @parent @child
        child_only();                       // hit @child
        while (step != 2)                   // hit @child
            ;
        _exit(6);                           // hit @child
    }
    waitpid(pid, &status, 0);               // hit @parent
    pthread_join(thread, NULL);             // hit @parent
    printf("step %d, status %d\n", step, WEXITSTATUS(status)); // hit @parent
    return 0;                               // hit @parent
}
