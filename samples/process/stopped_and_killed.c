// Shows a stopped child that is killed without being continued, and one that ends of SIGTERM once continued.
// build: cc -g -O0
// process parent: exit 0
// process killed of parent: signal 9
// process terminated of parent: signal 15
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t stopped_child(void) {                  // hit @parent
    pid_t pid = fork();                             // hit
    if (pid == 0) {                                 // hit @parent @killed @terminated
        raise(SIGSTOP);                             // hit @killed @terminated
        _exit(1);                                   // miss
    }
    int status = 0;                                 // hit @parent
    waitpid(pid, &status, WUNTRACED);               // hit @parent
    dprintf(1, "stopped: %d\n", WIFSTOPPED(status)); // hit @parent
    return pid;                                     // hit @parent
}

static void end(pid_t pid) {                        // hit @parent
    int status = 0;                                 // hit @parent
    waitpid(pid, &status, 0);                       // hit @parent
    dprintf(1, "ended by %d\n", WTERMSIG(status));  // hit @parent
}

int main(void) {                                    // hit @parent
    pid_t pid = stopped_child();                    // hit @parent
    kill(pid, SIGKILL);                             // hit @parent
    end(pid);                                       // hit @parent
    pid = stopped_child();                          // hit @parent
    kill(pid, SIGTERM);                             // hit @parent
    kill(pid, SIGCONT);                             // hit @parent
    end(pid);                                       // hit @parent
    return 0;                                       // hit @parent
}
