static int calls;

int next(int first) {               // hit
    calls += 1;                     // hit
    if (first == 1)                 // hit
        return 100 + calls;         // hit
    return calls;                   // hit
}
