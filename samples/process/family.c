// Shows a process and its child, each with a thread, which all work whenever a letter comes and otherwise sleep.
// build: cc -g -O0 -pthread
// process parent: exit 0
// process child of parent: exit 4
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *parent_b(void) {                 // miss
    return "parent";                                // miss
}                                                   // miss

static const char *parent_thread_b(void) {          // miss
    return "thread";                                // miss
}                                                   // miss

static const char *child_b(void) {                  // miss
    return "child";                                 // miss
}                                                   // miss

static const char *child_thread_b(void) {           // miss
    return "child's thread";                        // miss
}                                                   // miss

struct worker {
    int in[2], out[2];
    const char *(*work)(void);
};

static int serve(struct worker *worker) {           // hit
    char letter;
    while (read(worker->in[0], &letter, 1) == 1) {  // hit
        dprintf(worker->out[1], "%c", letter);      // miss
        if (letter == 'b')                          // miss
            dprintf(1, "%s\n", worker->work());     // miss
        dprintf(worker->out[1], ".");               // miss
    }
    return 4;                                       // hit
}

static void *in_thread(void *worker) {              // hit
    serve(worker);                                  // hit
    return NULL;                                    // hit
}

static void tell(struct worker *worker, char letter) {                      // miss
    char answer = 0;                                                        // miss
    if (write(worker->in[1], &letter, 1) == 1)                              // miss
        while (read(worker->out[0], &answer, 1) == 1 && answer != '.')      // miss
            continue;
}                                                                           // miss

static struct worker thread = { .work = parent_thread_b };
static struct worker child = { .work = child_b };
static struct worker childs_thread = { .work = child_thread_b };

static int be_child(void) {                                                 // hit @child
    pthread_t its;
    close(child.in[1]);                                                     // hit @child
    close(childs_thread.in[1]);                                             // hit @child
    pthread_create(&its, NULL, in_thread, &childs_thread);                  // hit @child
    int status = serve(&child);                                             // hit @child
    pthread_join(its, NULL);                                                // hit @child
    return status;                                                          // hit @child
}

int main(void) {                                                            // hit @parent
    struct worker *all[] = { &thread, &child, &childs_thread };             // hit @parent
    char letter;
    for (int i = 0; i < 3; i++)                                             // hit @parent
        if (pipe(all[i]->in) != 0 || pipe(all[i]->out) != 0)                // hit @parent
            return 1;                                                       // miss
    if (fork() == 0)                                                        // hit
        _exit(be_child());                                                  // hit @child
    pthread_t its;
    pthread_create(&its, NULL, in_thread, &thread);                         // hit @parent
    dprintf(1, "ready\n");                                                  // hit @parent
    while (read(0, &letter, 1) == 1) {                                      // hit @parent
        for (int i = 0; i < 3; i++)                                         // miss
            tell(all[i], letter);                                           // miss
        dprintf(1, "%s\n", letter == 'b' ? parent_b() : "a");               // miss
    }
    for (int i = 0; i < 3; i++)                                             // hit @parent
        close(all[i]->in[1]);                                               // hit @parent
    pthread_join(its, NULL);                                                // hit @parent
    wait(NULL);                                                             // hit @parent
    return 0;                                                               // hit @parent
}
