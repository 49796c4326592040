// Runs a program under a seccomp filter that answers one system call with an errno: refuse ERRNO CALL PROGRAM [ARG...]
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

#define CALL(name) {#name, SYS_##name}

static const struct { const char *name; int number; } calls[] = {
    CALL(accept4), CALL(bind), CALL(clone), CALL(clone3), CALL(close_range), CALL(copy_file_range), CALL(eventfd2), CALL(fadvise64),
    CALL(fallocate), CALL(fchmod), CALL(fdatasync), CALL(flock), CALL(fsync), CALL(ftruncate), CALL(getcpu),
    CALL(getrandom), CALL(getsockopt), CALL(ioctl), CALL(kcmp), CALL(listen), CALL(madvise), CALL(membarrier),
    CALL(memfd_create), CALL(mlockall), CALL(openat2), CALL(pidfd_getfd), CALL(pidfd_open), CALL(pipe2),
    CALL(prctl), CALL(prlimit64), CALL(process_vm_readv), CALL(process_vm_writev), CALL(ptrace), CALL(renameat2),
    CALL(rseq), CALL(sched_getaffinity), CALL(sched_getscheduler), CALL(sched_setaffinity), CALL(sched_setscheduler),
    CALL(sched_yield), CALL(set_robust_list), CALL(setpgid), CALL(setsid), CALL(setsockopt), CALL(sigaltstack),
    CALL(signalfd4), CALL(socket), CALL(socketpair), CALL(statx), CALL(syncfs), CALL(sysinfo), CALL(tgkill), CALL(tkill), CALL(uname),
    CALL(waitid),
};

int main(int argc, char **argv) {
    int count = sizeof calls / sizeof *calls;
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (int i = 0; i < count; i++)
            puts(calls[i].name);
        return 0;
    }
    if (argc < 4)
        return 64;
    int number = -1;
    for (int i = 0; i < count; i++)
        if (strcmp(calls[i].name, argv[2]) == 0)
            number = calls[i].number;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | atoi(argv[1])),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof code / sizeof *code, code};
    if (number < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        return 65;
    execv(argv[3], argv + 3);
    return 66;
}
