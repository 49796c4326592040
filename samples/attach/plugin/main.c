// Shows libraries that are loaded before and after one attaches.
// build: cc -g -O0 -shared -fPIC "$src/plugin.c" -o plugin.so && cp plugin.so early.so && cc -g -O0 "$in" -o "$out" -ldl -Wl,-rpath,"\$ORIGIN"
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

static int call(const char *library, int argument) { // hit
    void *handle = dlopen(library, RTLD_NOW);    // hit
    int (*plugin)(int) = handle == NULL ? NULL : (int (*)(int))dlsym(handle, "plugin"); // hit
    return plugin == NULL ? -1 : plugin(argument); // hit
}

int main(void) {                        // miss
    char letter;
    dprintf(1, "%d\n", call("early.so", 0)); // miss
    while (read(0, &letter, 1) == 1) {  // hit
        if (letter == 'e')              // hit
            dprintf(1, "%d\n", call("early.so", 1)); // hit
        else
            dprintf(1, "%d\n", call("plugin.so", 2)); // hit
    }
    return 0;                           // miss
}
