// Shows assembly that enters functions in their middle: by a jump, a symbol without a type and a distance in a table.
// build: cc -g -O0
// build absolute: cc -g -O0 -fno-pie -no-pie
// build clang: clang -g -O0
#include <stdio.h>

static volatile int sum;
int jumps_inside(void), calls_far_inside(int (*)(void));
extern const int distance;

__attribute__((used, noinline)) static int by_jump(void) {
    sum += 1;                   // miss
    sum += 2;                   // miss
    __asm__ volatile("inside_by_jump:" : : : "memory");
    sum += 3;                   // hit
    sum += 4;                   // hit
    return sum;                 // hit
}

__attribute__((used, noinline)) static int by_symbol(void) {
    sum += 1;                   // miss
    sum += 2;                   // miss
    __asm__ volatile(".globl inside_by_symbol\ninside_by_symbol:" : : : "memory");
    sum += 3;                   // hit
    sum += 4;                   // hit
    return sum;                 // hit
}

__attribute__((used, noinline)) static int by_distance(void) {
    sum += 1;                   // miss
    sum += 2;                   // miss
    __asm__ volatile("1:\n.pushsection places, \"a\"\n.balign 4\n.globl distance\ndistance: .long 1b - distance\n.popsection" : : : "memory");
    sum += 3;                   // hit
    sum += 4;                   // hit
    return sum;                 // hit
}

__asm__(".text\n"
        "jumps_inside: push %rbp; mov %rsp, %rbp; jmp inside_by_jump\n"
        "calls_far_inside: push %rbp; mov %rsp, %rbp; jmp *%rdi\n");

int main(void) {                                        // hit
    extern char inside_by_symbol[];
    printf("%d\n", jumps_inside());                     // hit
    printf("%d\n", calls_far_inside((int (*)(void))(void *)inside_by_symbol)); // hit
    printf("%d\n", calls_far_inside((int (*)(void))((const char *)&distance + distance))); // hit
    return sum > 100;                                   // hit
}
