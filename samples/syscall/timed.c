// Shows calls with a timeout that ignored signals never stop to break off under a tracer: each ends when its time is
// over, with the answer of its timeout.
// build: cc -g -O0
// process main: exit 0
// process ticks of main: signal 9
#define _GNU_SOURCE
#include <errno.h>
#include <linux/aio_abi.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct timespec pause_time = {0, 300 * 1000 * 1000};

static void ticks(pid_t parent) {                       // hit @ticks
    for (;;) {                                          // none
        kill(parent, SIGCHLD);                          // hit @ticks
        usleep(20 * 1000);                              // hit @ticks
    }                                                   // none
}                                                       // none

static void told(const char *call, long answer) {       // hit @main
    printf("%s: %ld, %d\n", call, answer, answer < 0 ? errno : 0); // hit @main
}                                                       // hit @main

static void sleeps_in_sets(void) {                      // hit @main
    struct epoll_event event;                           // none
    int set = epoll_create1(0);                         // hit @main
    told("epoll_wait", epoll_wait(set, &event, 1, 300)); // hit @main
    told("epoll_wait", epoll_wait(set, &event, 1, 300)); // hit @main
    told("epoll_pwait2", syscall(SYS_epoll_pwait2, set, &event, 1, &pause_time, 0, 8)); // hit @main
    sigset_t signals;                                   // none
    sigemptyset(&signals);                              // hit @main
    sigaddset(&signals, SIGUSR2);                       // hit @main
    told("sigtimedwait", sigtimedwait(&signals, 0, &pause_time)); // hit @main
    aio_context_t context = 0;                          // hit @main
    struct io_event done;                               // none
    syscall(SYS_io_setup, 1, &context);                 // hit @main
    told("io_getevents", syscall(SYS_io_getevents, context, 1L, 1L, &done, &pause_time)); // hit @main
}                                                       // hit @main

static void waits_for_a_semaphore(void) {               // hit @main
    int semaphore = semget(IPC_PRIVATE, 1, 0600);       // hit @main
    struct sembuf down = {0, -1, 0};                    // hit @main
    told("semtimedop", semtimedop(semaphore, &down, 1, &pause_time)); // hit @main
    semctl(semaphore, 0, IPC_RMID);                     // hit @main
}                                                       // hit @main

static void waits_on_sockets(void) {                    // hit @main
    int pair[2];                                        // none
    char page[65536] = {0};                             // hit @main
    struct timeval time = {0, 300 * 1000};              // hit @main
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);          // hit @main
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time); // hit @main
    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time); // hit @main
    told("recv", recv(pair[0], page, 1, 0));            // hit @main
    told("read", read(pair[0], page, 1));               // hit @main
    while (send(pair[0], page, sizeof page, MSG_DONTWAIT) > 0) // hit @main
        ;                                               // none
    told("send", send(pair[0], page, sizeof page, 0));  // hit @main
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);     // hit @main
    struct sockaddr_un any = {AF_UNIX, ""};             // hit @main
    bind(listener, (struct sockaddr *)&any, sizeof(sa_family_t)); // hit @main
    listen(listener, 1);                                // hit @main
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time); // hit @main
    told("accept", accept(listener, 0, 0));             // hit @main
}                                                       // hit @main

int main(void) {                                        // hit @main
    pid_t ticking = fork();                             // hit
    if (ticking == 0)                                   // hit
        ticks(getppid());                               // hit @ticks
    sleeps_in_sets();                                   // hit @main
    waits_for_a_semaphore();                            // hit @main
    waits_on_sockets();                                 // hit @main
    kill(ticking, SIGKILL);                             // hit @main
    waitpid(ticking, 0, 0);                             // hit @main
    return 0;                                           // hit @main
}                                                       // hit @main
