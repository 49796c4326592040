// Shows what a program sees of its surroundings: descriptors, CPUs, limits, environment, masks, persona, group.
// build: cc -g -O0
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static unsigned long hash(const char *text, unsigned long start) {
    while (*text != 0)
        start = start * 31 + (unsigned char)*text++;
    return start;
}

static void descriptors(void) {
    char path[300], target[300];
    DIR *folder = opendir("/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(folder))
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        ssize_t length = readlink(path, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = 0;
        target[strcspn(target, ":")] = 0;
        printf("descriptor %s: %s\n", entry->d_name, target);
    }
    closedir(folder);
}

static void signals(void) {
    sigset_t mask, waiting;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    sigpending(&waiting);
    for (int number = 1; number < 65; number++) {
        struct sigaction now;
        if (sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_DFL)
            printf("signal %d: not at its default\n", number);
        if (sigismember(&mask, number) == 1 || sigismember(&waiting, number) == 1)
            printf("signal %d: blocked or pending\n", number);
    }
}

static void limits(void) {
    struct rlimit limit;
    for (int which = 0; which < RLIM_NLIMITS; which++) {
        getrlimit(which, &limit);
        printf("limit %d: %lx %lx\n", which, (long)limit.rlim_cur, (long)limit.rlim_max);
    }
}

int main(int argc, char **argv) {                                           // hit
    cpu_set_t cpus;
    char text[4096];
    struct stat facts;
    unsigned long sum = 0;                                                  // hit
    sched_getaffinity(0, sizeof cpus, &cpus);                               // hit
    printf("%d CPUs\n", CPU_COUNT(&cpus));                                  // hit
    for (char **variable = environ; *variable != NULL; variable++)          // hit
        sum = hash(*variable, sum);                                         // hit
    printf("environment %lx, arguments %d, %lx\n", sum, argc, hash(argv[0], 0)); // hit
    printf("working directory %lx\n", hash(getcwd(text, sizeof text), 0));  // hit
    printf("persona %x\n", personality(0xffffffff));                        // hit
    printf("nice %d, policy %d\n", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0)); // hit
    int value = 0;                                                          // hit
    printf("dumpable %d, ", prctl(PR_GET_DUMPABLE));                        // hit
    printf("no new privileges %d, ", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)); // hit
    prctl(PR_GET_CHILD_SUBREAPER, &value);                                  // hit
    printf("subreaper %d, ", value);                                        // hit
    prctl(PR_GET_PDEATHSIG, &value);                                        // hit
    printf("death signal %d, slack %d\n", value, prctl(PR_GET_TIMERSLACK)); // hit
    mode_t mask = umask(022);                                               // hit
    printf("umask %o, uid %d, gid %d\n", mask, getuid(), getgid());         // hit
    printf("leads its group %d, its session %d\n", getpgrp() == getpid(), getsid(0) == getpid()); // hit
    printf("stdin %o\n", fstat(0, &facts) == 0 ? facts.st_mode & S_IFMT : 0); // hit
    descriptors();                                                          // hit
    signals();                                                              // hit
    limits();                                                               // hit
    return 0;                                                               // hit
}
