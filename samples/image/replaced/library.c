// What the main program loads, and removes or replaces while it is loaded.
int measured(int x) {                   // hit
    if (x > 3)                          // hit
        return x * 2;                   // hit
    return x + 1;                       // hit
}
