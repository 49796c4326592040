// Shows debug info of every version, compressed, split, and in units of their own for types.
// build: cc -g -O0
// build dwarf-2: cc -g -gdwarf-2 -gstrict-dwarf -O0
// build dwarf-3: cc -g -gdwarf-3 -O0
// build dwarf-4: cc -g -gdwarf-4 -O0
// build dwarf-5: cc -g -gdwarf-5 -O0
// build lines-only: cc -g1 -O0
// build compressed: cc -g -gz -O0
// build compressed-gnu: cc -g -gz=zlib-gnu -O0
// build split: cc -g -gsplit-dwarf -O0 -c "$in" -o "$out".o && cc "$out".o -o "$out"
// build types: cc -g -fdebug-types-section -O0
// build clang-4: clang -gdwarf-4 -O0
// build clang-5: clang -gdwarf-5 -O0
// build no-views: cc -g -gno-variable-location-views -gno-as-loc-support -O0
#include <stdio.h>

struct pair {
    int first, second;
};

static int sum(struct pair pair) {              // hit
    if (pair.first > pair.second)               // hit
        return pair.first - pair.second;        // miss
    return pair.first + pair.second;            // hit
}                                               // hit

int main(void) {                                // hit
    struct pair pair = {1, 2};                  // hit
    for (int i = 0; i < 3; i++) {               // hit
        pair.second += sum(pair);               // hit
        if (pair.second < 0)                    // hit
            puts("never");                      // miss
    }
    printf("%d\n", pair.second);                // hit
    return 0;                                   // hit
}
