// What the main program loads, twice, under two names.
int plugin(int argument) {              // hit
    if (argument == 0)                  // hit
        return 10;                      // miss
    if (argument == 1)                  // hit
        return 11;                      // hit
    return 12;                          // hit
}                                       // hit
