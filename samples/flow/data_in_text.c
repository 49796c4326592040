// Shows data between instructions, and a jump over it: it is never written to, whatever the rows say.
// build: cc -g -O0
#include <stdio.h>

__asm__(".pushsection .text\n"
        "table: .byte 0x55, 0x48, 0x89, 0xe5, 0xcc, 0xc3, 0x0f, 0x0b\n"
        ".popsection\n");
extern const unsigned char table[8];

static int skips(int a) {                           // hit
    int result;
    __asm__ volatile("jmp 1f\n"                     // hit
                     ".byte 0x55, 0x48, 0x0f, 0xcc\n"
                     "1: lea 1(%1), %0\n"
                     : "=r"(result) : "r"(a));
    return result;                                  // hit
}

int main(void) {                                    // hit
    unsigned sum = 0;                               // hit
    for (int i = 0; i < 8; i++)                     // hit
        sum = sum * 31 + table[i];                  // hit
    printf("%x, %d\n", sum, skips(1));              // hit
    return 0;                                       // hit
}
