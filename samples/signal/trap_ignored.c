// Shows SIGTRAP ignored: it stays so over fresh lines, a fork and an exec.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 3
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int lines(int a) {                       // hit @parent @child
    a += 1;                                     // hit @parent @child
    a += 2;                                     // hit @parent @child
    return a;                                   // hit @parent @child
}

static void told(const char *when) {            // hit @parent @child
    struct sigaction now;
    sigset_t mask;
    sigaction(SIGTRAP, NULL, &now);             // hit @parent @child
    sigprocmask(SIG_SETMASK, NULL, &mask);      // hit @parent @child
    dprintf(1, "%s: ignored %d, blocked %d\n", when, now.sa_handler == SIG_IGN, // hit @parent @child
            sigismember(&mask, SIGTRAP));
}

static int child(void) {                        // hit @child
    told("after exec");                         // hit @child
    int sum = lines(0);                         // hit @child
    raise(SIGTRAP);                             // hit @child
    told("child's last");                       // hit @child
    return sum;                                 // hit @child
}

int main(int argc, char **argv) {               // hit @parent @child
    if (argc > 1)                               // hit @parent @child
        return child();                         // hit @child
    signal(SIGTRAP, SIG_IGN);                   // hit @parent
    told("first");                              // hit @parent
    lines(1);                                   // hit @parent
    raise(SIGTRAP);                             // hit @parent
    if (fork() == 0) {                          // hit
        execl(argv[0], argv[0], "child", (char *)NULL); // hit @child
        _exit(127);                             // miss
    }
    wait(NULL);                                 // hit @parent
    told("last");                               // hit @parent
    return 0;                                   // hit @parent
}
