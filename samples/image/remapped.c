// Shows text that is moved: a library's pages unmapped and mapped again elsewhere, text made writable, code made anew.
// build: cc -g -O0
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

__attribute__((aligned(4096), noinline)) static int page_of_its_own(int a) { // hit
    return a * 2;                                               // hit
}

__attribute__((aligned(4096), noinline)) static int behind(int a) { // hit
    return a * 3;                                               // hit
}

int main(void) {                                                // hit
    int sum = page_of_its_own(1);                               // hit
    char *page = (char *)page_of_its_own;                       // hit
    mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);   // hit
    mprotect(page, 4096, PROT_READ | PROT_EXEC);                // hit
    sum += page_of_its_own(2);                                  // hit
    static const unsigned char adds_seven[] = {0x8d, 0x47, 0x07, 0xc3};
    unsigned char *made = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); // hit
    memcpy(made, adds_seven, sizeof adds_seven);                // hit
    mprotect(made, 4096, PROT_READ | PROT_EXEC);                // hit
    sum += ((int (*)(int))(uintptr_t)made)(1);                  // hit
    munmap(made, 4096);                                         // hit
    int file = open("/proc/self/exe", O_RDONLY);                // hit
    void *copy = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0); // hit
    printf("%d, again mapped %d, %d\n", sum, memcmp(copy, "\177ELF", 4) == 0, behind(1)); // hit
    return 0;                                                   // hit
}
