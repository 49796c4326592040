// Shows a parent that is suspended by vfork while its child, in the same memory, sleeps before it calls exec.
// build: cc -g -O0
// process main: exit 0
// process child of main: exit 9
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_child(char *program) {
    char letter;
    dprintf(1, "ready\n");              // miss
    read(0, &letter, 1);                // miss
    dprintf(1, "child %c\n", letter);
    execl(program, program, "exec", NULL);
    _exit(1);
}

static void after(int status) {         // hit @main
    dprintf(1, "ended %d\n", WEXITSTATUS(status)); // hit @main
}                                       // hit @main

int main(int argc, char **argv) {
    int status;
    char letter;
    if (argc > 1) {
        dprintf(1, "exec\n");
        return 9;
    }
    pid_t pid = vfork();                // miss
    if (pid == 0)
        run_child(argv[0]);
    waitpid(pid, &status, 0);           // hit @main
    after(status);                      // hit @main
    while (read(0, &letter, 1) == 1)    // hit @main
        dprintf(1, "%c\n", letter);     // hit @main
    return 0;
}
