// Shows templates and inline functions of a header, instantiated in two files: one line, many addresses.
// build: c++ -g -O0 "$src"/main.cpp "$src"/other.cpp -o "$out"
#include "inline.h"
#include <cstdio>
#include <string>

int other(int a);

int main() {
    std::printf("%d\n", largest(3, 4));                         // hit
    std::printf("%d\n", largest(4, 3));                         // hit
    std::printf("%s\n", largest(std::string("a"), std::string("b")).c_str()); // hit
    std::printf("%d\n", Counter<int>().plus(2).plus(3).value()); // hit
    std::printf("%d\n", other(7));                              // hit
    return 0;
}
