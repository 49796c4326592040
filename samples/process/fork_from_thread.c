// Shows forks by one thread while others run lines for the first time.
// build: cc -g -O0 -pthread
// process parent: exit 0
// process child of parent: exit 21, 20 times
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int started;
static atomic_int leave;

#define FRESH(n)                            \
    static int fresh_##n(int a) {           \
        return a + n;                       \
    }
FRESH(0) FRESH(1) FRESH(2) FRESH(3)         // hit
FRESH(4) FRESH(5) FRESH(6) FRESH(7)         // hit
static int (*const all[])(int) = {fresh_0, fresh_1, fresh_2, fresh_3, fresh_4, fresh_5, fresh_6, fresh_7};

static void *busy(void *argument) {         // hit @parent
    unsigned sum = (unsigned)(long)argument; // hit @parent
    atomic_fetch_add(&started, 1);          // hit @parent
    for (unsigned i = 0; i < 8 || !leave; i++) // hit @parent
        sum += all[i % 8](i);               // hit @parent
    return (void *)(long)sum;               // hit @parent
}

static void child(void) {                   // hit @child
    _exit(20 + all[1](0));                  // hit @child
}

static void *forker(void *argument) {       // hit @parent
    int good = 0;                           // hit @parent
    for (int i = 0; i < 20; i++) {          // hit @parent
        pid_t pid = fork();                 // hit
        if (pid == 0)                       // hit @parent @child
            child();                        // hit @child
        int status = 0;                     // hit @parent
        waitpid(pid, &status, 0);           // hit @parent
        good += status == 21 << 8;          // hit @parent
    }
    *(int *)argument = good;                // hit @parent
    return NULL;                            // hit @parent
}

int main(void) {                            // hit @parent
    pthread_t others[3], one;
    int good = 0;                           // hit @parent
    for (long i = 0; i < 3; i++)            // hit @parent
        pthread_create(&others[i], NULL, busy, (void *)i); // hit @parent
    pthread_create(&one, NULL, forker, &good); // hit @parent
    pthread_join(one, NULL);                // hit @parent
    leave = 1;                              // hit @parent
    for (int i = 0; i < 3; i++)             // hit @parent
        pthread_join(others[i], NULL);      // hit @parent
    printf("%d children, %d threads\n", good, started); // hit @parent
    return 0;                               // hit @parent
}
