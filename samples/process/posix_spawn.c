// Shows posix_spawn, with file actions, of a program that exists and of one that does not.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 3
// process failed of parent: exit 127
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static void spawn(const char *path) {                                           // hit @parent
    char *argv[] = {"sh", "-c", "read line; echo child; exit 3", NULL};         // hit @parent
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);                                    // hit @parent
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);    // hit @parent
    pid_t pid = 0;                                                              // hit @parent
    int error = posix_spawn(&pid, path, &actions, NULL, argv, environ);         // hit @parent
    posix_spawn_file_actions_destroy(&actions);                                 // hit @parent
    if (error != 0) {                                                           // hit @parent
        dprintf(1, "spawn: %s\n", strerror(error));                             // hit @parent
        return;
    }
    int status = 0;                                                             // hit @parent
    waitpid(pid, &status, 0);                                                   // hit @parent
    dprintf(1, "status %d\n", WEXITSTATUS(status));                             // hit @parent
}

int main(void) {                    // hit @parent
    spawn("/bin/sh");               // hit @parent
    spawn("/does/not/exist");       // hit @parent
    return 0;                       // hit @parent
}
