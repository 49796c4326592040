// Shows code that is copied into memory that is mapped shared, in which a tracer may not write as it likes, and run
// there: by a second mapping of it, with the rights changed before, written as a file, by a child, and under a filter of
// system calls.
// build: cc -g -O0
// process parent: exit 0
// process child of parent: exit 6
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 16384, AT = 4096 + 128, LENGTH = 64 };
typedef int function(int, int);

__attribute__((noinline)) static int add(int a, int b) {        // miss
    int sum = a + b;                                            // miss
    return sum;                                                 // miss
}

static void *map(int rights, int flags, int fd) {
    void *made = mmap(NULL, SIZE, rights, MAP_SHARED | flags, fd, 0); // hit @parent
    if (made == MAP_FAILED)                                     // hit @parent
        exit(2);                                                // miss
    return made;                                                // hit @parent
}

static int run(void *made) {
    return ((function *)((uintptr_t)made + AT))(4, 2);          // hit @parent @child
}

static int new_memory(void) {
    int fd = memfd_create("code", 0);           // hit @parent
    if (ftruncate(fd, SIZE) != 0)                               // hit @parent
        exit(3);                                                // miss
    return fd;                                                  // hit @parent
}

static int new_file(char *path) {
    int fd = mkstemp(path);                                     // hit @parent
    if (fd < 0 || ftruncate(fd, SIZE) != 0)                     // hit @parent
        exit(4);                                                // miss
    return fd;                                                  // hit @parent
}

static void say(const char *what, int result) {
    printf("%s %d\n", what, result);                            // hit @parent
    fflush(stdout);                                             // hit @parent
}

/* Two mappings, neither of them writable and executable. */
static void twice(const char *what, int fd) {
    char *writable = map(PROT_READ | PROT_WRITE, 0, fd);        // hit @parent
    void *executable = map(PROT_READ | PROT_EXEC, 0, fd);       // hit @parent
    memcpy(writable + AT, (void *)add, LENGTH);                 // hit @parent
    say(what, run(executable));                                 // hit @parent
    memcpy(writable + AT, (void *)add, LENGTH);                 // hit @parent
    munmap(writable, SIZE);                                     // hit @parent
    close(fd);                                                  // hit @parent
    say(what, run(executable));                                 // hit @parent
}

/* One mapping, whose rights are changed. */
static void *turned(int flags, int fd) {
    char *made = map(PROT_READ | PROT_WRITE, flags, fd);        // hit @parent
    memcpy(made + AT, (void *)add, LENGTH);                     // hit @parent
    mprotect(made, SIZE, PROT_READ | PROT_EXEC);                // hit @parent
    return made;                                                // hit @parent
}

int main(void) {
    char in_tmp[] = "/tmp/copied_shared.XXXXXX";                // hit @parent
    char in_memory[] = "/dev/shm/copied_shared.XXXXXX";         // hit @parent
    char once_more[] = "/dev/shm/copied_shared.XXXXXX";         // hit @parent

    char *all = map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_ANONYMOUS, -1); // hit @parent
    memcpy(all + AT, (void *)add, LENGTH);                      // hit @parent
    say("all rights", run(all));                                // hit @parent
    say("turned", run(turned(MAP_ANONYMOUS, -1)));              // hit @parent
    twice("memory twice", new_memory());                        // hit @parent

    int fd = new_file(in_tmp);                                  // hit @parent
    unlink(in_tmp);                                             // hit @parent
    say("file turned", run(turned(0, fd)));                     // hit @parent
    twice("file twice", fd);                                    // hit @parent

    fd = new_memory();                                          // hit @parent
    if (pwrite(fd, (void *)add, LENGTH, AT) != LENGTH)          // hit @parent
        return 5;                                               // miss
    say("written", run(map(PROT_READ | PROT_EXEC, 0, fd)));     // hit @parent

    /* Mapped by a descriptor that does not write. */
    fd = new_file(in_memory);                                   // hit @parent
    if (pwrite(fd, (void *)add, LENGTH, AT) != LENGTH)          // hit @parent
        return 5;                                               // miss
    int to_read = open(in_memory, O_RDONLY);                    // hit @parent
    unlink(in_memory);                                          // hit @parent
    say("to read", run(map(PROT_READ | PROT_EXEC, 0, to_read))); // hit @parent

    /* The same, with nothing left but its name. */
    fd = new_file(once_more);                                   // hit @parent
    if (pwrite(fd, (void *)add, LENGTH, AT) != LENGTH)          // hit @parent
        return 5;                                               // miss
    close(fd);                                                  // hit @parent
    to_read = open(once_more, O_RDONLY);                        // hit @parent
    void *named = map(PROT_READ | PROT_EXEC, 0, to_read);       // hit @parent
    close(to_read);                                             // hit @parent
    say("named", run(named));                                   // hit @parent
    unlink(once_more);                                          // hit @parent

    void *shared = turned(MAP_ANONYMOUS, -1);                   // hit @parent
    if (fork() == 0)                                            // hit @parent @child
        _exit(run(shared));                                     // hit @child
    wait(NULL);                                                 // hit @parent
    say("after the child", run(shared));                        // hit @parent

    struct sock_filter all_calls[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}; // hit @parent
    struct sock_fprog filter = {1, all_calls};                  // hit @parent
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);                     // hit @parent
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);        // hit @parent
    say("filtered", run(turned(MAP_ANONYMOUS, -1)));            // hit @parent
    return 0;                                                   // hit @parent
}
