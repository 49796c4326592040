// Shows a program that has unmapped its vDSO, as valgrind does, and makes all its system calls by one instruction.
// build: cc -g -O0
// process main: exit 0
// process child of main: exit 7
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static long any_call(long number, long argument)
{                                                                           // hit @main @child
    long result;
    __asm__ volatile("syscall"                                              // hit @main @child
                     : "=a"(result) : "a"(number), "D"(argument), "S"(0L), "d"(0L) : "rcx", "r11", "memory");
    return result;                                                          // hit @main @child
}                                                                           // hit @main @child

static int without_vdso(void)
{                                                                           // hit @main
    char line[512];
    unsigned long start, end;
    FILE *maps = fopen("/proc/self/maps", "r");                             // hit @main
    if (maps == NULL)                                                       // hit @main
        return -1;                                                          // miss
    while (fgets(line, sizeof line, maps) != NULL)                          // hit @main
        if (strstr(line, "[vdso]") != NULL                                  // hit @main
            && sscanf(line, "%lx-%lx", &start, &end) == 2)                  // hit @main
            return munmap((void *)start, end - start);                      // hit @main
    return -1;                                                              // miss
}                                                                           // hit @main

int main(void)
{                                                                           // hit @main
    int status = -1;                                                        // hit @main
    if (without_vdso() != 0)                                                // hit @main
        return 1;                                                           // miss
    for (int i = 0; i < 5; i++)                                             // hit @main
        if (any_call(SYS_getppid, 0) <= 0)                                  // hit @main
            return 2;                                                       // miss
    long child = any_call(SYS_fork, 0);                                     // hit @main
    if (child == 0)                                                         // hit @main @child
        any_call(SYS_exit_group, 7);                                        // hit @child
    if (waitpid(child, &status, 0) != child)                                // hit @main
        return 3;                                                           // miss
    return WEXITSTATUS(status) != 7;                                        // hit @main
}                                                                           // hit @main
