// Shows a service whose threads sleep in epoll_wait without a timeout: it answers on a socket, and counts what wakes it for nothing.
// build: cc -g -O2 -pthread
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { THREADS = 16, LENGTH = 8 };
static int waiting, listening;
static atomic_int interrupted, spurious;

// A connection is watched once at a time, so that only one thread works on it.
static void watch(int fd, int change) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = fd};
    epoll_ctl(waiting, change, fd, &event);
}

// Requests have eight bytes and get eight: "?" asks for the counts, everything else comes back.
static void answer(int fd) {
    char text[LENGTH + 1] = {0};
    if (recv(fd, text, LENGTH, MSG_WAITALL) != LENGTH) {
        close(fd);
        return;
    }
    if (text[0] == '?')
        snprintf(text, sizeof text, "%04d%04d", interrupted, spurious);
    if (send(fd, text, LENGTH, MSG_NOSIGNAL) != LENGTH)
        close(fd);
    else
        watch(fd, EPOLL_CTL_MOD);
}

static void *serve(void *argument) {
    struct epoll_event event;
    for (;;) {
        int got = epoll_wait(waiting, &event, 1, -1);
        if (got == 1 && event.data.fd == listening) {
            int fd = accept(listening, NULL, NULL);
            watch(listening, EPOLL_CTL_MOD);
            if (fd >= 0)
                watch(fd, EPOLL_CTL_ADD);
        } else if (got == 1) {
            answer(event.data.fd);
        } else if (got < 0 && errno == EINTR) {
            interrupted++;
        } else {
            spurious++;
        }
    }
    return argument;
}

int main(int argc, char **argv) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char letter;
    pthread_t thread;
    if (argc != 2)
        return 1;
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    waiting = epoll_create1(0);
    listening = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listening, (struct sockaddr *)&address, sizeof address) != 0 || listen(listening, 64) != 0)
        return 2;
    watch(listening, EPOLL_CTL_ADD);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread, NULL, serve, NULL);
    dprintf(1, "ready\n");
    while (read(0, &letter, 1) == 1)
        dprintf(1, "%d interrupted, %d spurious\n", interrupted, spurious);
    return 0;
}
