// What the main program loads, and removes while it is loaded.
int measured(int x) {
    if (x > 3)
        return x * 2;
    return x + 1;
}
