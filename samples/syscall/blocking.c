// Shows 33 blocking calls, each met by signals that are ignored or handled: what returns EINTR is the kernel's choice.
// build: cc -g -O0 -pthread
// process main: exit 0
// process child of main: exit 9, 14 times
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int fd[4];                 // Descriptors of the call under way, -1 where none is open.
static int sysv;                  // A System V identifier.
static pid_t child;
static atomic_int word;           // What a futex call waits for.
static struct timespec pause_time; // For calls that nobody releases.
static pthread_t victim;
static aio_context_t aio;

// Making and undoing what a call blocks on.
static void nothing(void) {}
static void with_pipe(void) {
    if (pipe(fd) != 0)
        abort();
}
static void with_full_pipe(void) {
    char page[4096] = {0};
    with_pipe();
    fcntl(fd[1], F_SETFL, O_NONBLOCK);
    while (write(fd[1], page, sizeof page) > 0)
        ;
    fcntl(fd[1], F_SETFL, 0);
}
static void with_sockets(void) { socketpair(AF_UNIX, SOCK_STREAM, 0, fd); }
static void with_full_socket(void) {
    char page[4096] = {0};
    with_sockets();
    while (send(fd[0], page, sizeof page, MSG_DONTWAIT) > 0)
        ;
}
static void with_timeout(void) {
    struct timeval limit = {30, 0};
    with_sockets();
    setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static void with_listener(void) {
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "cov-sample-%d", getpid());
    fd[0] = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(fd[0], (struct sockaddr *)&address, sizeof address);
    listen(fd[0], 1);
}
static void with_epoll(void) {
    struct epoll_event event = {.events = EPOLLIN};
    with_pipe();
    fd[2] = epoll_create1(0);
    epoll_ctl(fd[2], EPOLL_CTL_ADD, fd[0], &event);
}
static void with_semaphore(void) { sysv = semget(IPC_PRIVATE, 1, 0600); }
static void with_queue(void) { sysv = msgget(IPC_PRIVATE, 0600); }
static void with_posix_queue(void) {
    char name[64];
    struct mq_attr facts = {.mq_maxmsg = 1, .mq_msgsize = 16};
    snprintf(name, sizeof name, "/cov-sample-%d", getpid());
    fd[0] = mq_open(name, O_RDWR | O_CREAT, 0600, &facts);
    mq_unlink(name);
}
static void with_lock(void) {
    char name[64];
    snprintf(name, sizeof name, "lock-%d", getpid());
    fd[0] = open(name, O_RDWR | O_CREAT, 0600);
    fd[1] = open(name, O_RDWR);
    unlink(name);
    flock(fd[1], LOCK_EX);
}
static struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
static void with_record_lock(void) {
    with_lock();
    fcntl(fd[1], F_OFD_SETLK, &whole);
}
static void with_child(void) {
    with_pipe();
    child = fork();
    if (child == 0) {
        char byte;
        close(fd[1]);
        _exit(read(fd[0], &byte, 1) == 0 ? 9 : 1);
    }
    close(fd[0]);
    fd[0] = -1;
}
static void with_event(void) { fd[0] = eventfd(0, 0); }
static void with_inotify(void) {
    fd[0] = inotify_init();
    inotify_add_watch(fd[0], ".", IN_CREATE);
}
static char fifo[64];
static void with_fifo(void) {
    snprintf(fifo, sizeof fifo, "fifo-%d", getpid());
    mkfifo(fifo, 0600);
}
static void with_aio(void) { syscall(SYS_io_setup, 1, &aio); }
static void with_usr2(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static void undo(void) {
    for (int i = 0; i < 4; i++)
        if (fd[i] >= 0)
            close(fd[i]);
    fd[0] = fd[1] = fd[2] = fd[3] = -1;
    if (child > 0)
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
    child = 0;
    if (fifo[0] != 0)
        unlink(fifo);
    fifo[0] = 0;
    if (aio != 0)
        syscall(SYS_io_destroy, aio);
    aio = 0;
    word = 0;
}
static void undo_semaphore(void) { semctl(sysv, 0, IPC_RMID); }
static void undo_queue(void) { msgctl(sysv, IPC_RMID, NULL); }
static void undo_usr2(void) {
    sigset_t set;
    struct timespec at_once = {0, 0};
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigtimedwait(&set, NULL, &at_once);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

// What ends a call that no signal has ended.
static void writes(void) { (void)!write(fd[1], "12345678", 8); }
static void reads(void) {
    char page[1 << 16];
    (void)!read(fd[0], page, sizeof page);
}
static void reads_second(void) {
    char page[1 << 16];
    while (recv(fd[1], page, sizeof page, MSG_DONTWAIT) > 0)
        ;
}
static void connects(void) {
    fd[1] = socket(AF_UNIX, SOCK_STREAM, 0);
    connect(fd[1], (struct sockaddr *)&address, sizeof address);
}
static void wakes(void) {
    word = 1;
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
static void raises(void) { semop(sysv, &(struct sembuf){0, 1, 0}, 1); }
static void posts(void) {
    struct { long type; char text[8]; } message = {1, "message"};
    msgsnd(sysv, &message, sizeof message.text, 0);
}
static void posts_posix(void) { mq_send(fd[0], "message", 8, 0); }
static void unlocks(void) { flock(fd[1], LOCK_UN); }
static void unlocks_record(void) {
    struct flock none = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    fcntl(fd[1], F_OFD_SETLK, &none);
}
static void lets_child_end(void) {
    close(fd[1]);
    fd[1] = -1;
}
static void adds(void) {
    unsigned long one = 1;
    (void)!write(fd[0], &one, sizeof one);
}
static void creates(void) {
    char name[64];
    snprintf(name, sizeof name, "created-%d", getpid());
    close(open(name, O_CREAT | O_WRONLY, 0600));
    unlink(name);
}
static void opens(void) { fd[1] = open(fifo, O_WRONLY); }
static void sends_usr2(void) { pthread_kill(victim, SIGUSR2); }

// The calls.
static char bytes[1 << 12];
static const struct timespec long_time = {30, 0};
static struct pollfd in(void) { return (struct pollfd){.fd = fd[0], .events = POLLIN}; }
static fd_set readable(void) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd[0], &set);
    return set;
}
static long b_read(void) { return read(fd[0], bytes, 8); }
static long b_read_event(void) { return read(fd[0], bytes, sizeof bytes); }
static long b_write(void) { return write(fd[1], bytes, sizeof bytes); }
static long b_send(void) { return send(fd[0], bytes, 1, 0); }
static long b_recv(void) { return recv(fd[0], bytes, 8, 0); }
static long b_accept(void) { return fd[2] = accept(fd[0], NULL, NULL); }
static long b_poll(void) { return poll(&(struct pollfd[]){in()}[0], 1, 30000); }
static long b_ppoll(void) { return ppoll(&(struct pollfd[]){in()}[0], 1, &long_time, NULL); }
static long b_select(void) {
    fd_set set = readable();
    struct timeval limit = {30, 0};
    return syscall(SYS_select, fd[0] + 1, &set, NULL, NULL, &limit);
}
static long b_pselect(void) {
    fd_set set = readable();
    return pselect(fd[0] + 1, &set, NULL, NULL, &long_time, NULL);
}
static struct epoll_event events[2];
static long b_epoll_wait(void) { return syscall(SYS_epoll_wait, fd[2], events, 2, 30000); }
static long b_epoll_pwait(void) { return syscall(SYS_epoll_pwait, fd[2], events, 2, 30000, NULL, 8); }
static long b_epoll_pwait2(void) { return syscall(SYS_epoll_pwait2, fd[2], events, 2, &long_time, NULL, 8); }
static long b_nanosleep(void) { return syscall(SYS_nanosleep, &pause_time, NULL); }
static long b_clock_nanosleep(void) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += pause_time.tv_sec;
    until.tv_nsec += pause_time.tv_nsec;
    if (until.tv_nsec >= 1000000000)
        until.tv_sec += 1, until.tv_nsec -= 1000000000;
    return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}
static long b_futex(void) { return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0); }
static long b_futex_timed(void) { return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &long_time, NULL, 0); }
static long b_semop(void) { return semop(sysv, &(struct sembuf){0, -1, 0}, 1); }
static long b_semtimedop(void) { return semtimedop(sysv, &(struct sembuf){0, -1, 0}, 1, &long_time); }
static long b_msgrcv(void) { return msgrcv(sysv, bytes, 8, 0, 0); }
static long b_mq_receive(void) { return mq_receive(fd[0], bytes, sizeof bytes, NULL); }
static long b_flock(void) { return flock(fd[0], LOCK_EX); }
static long b_fcntl(void) { return fcntl(fd[0], F_OFD_SETLKW, &whole); }
static long b_wait4(void) {
    long ended = wait4(child, NULL, 0, NULL);
    child = ended > 0 ? 0 : child;
    return ended;
}
static long b_waitid(void) {
    long failed = waitid(P_PID, child, NULL, WEXITED);
    child = failed == 0 ? 0 : child;
    return failed;
}
static long b_open(void) { return fd[0] = open(fifo, O_RDONLY); }
static long b_io_getevents(void) {
    struct io_event event;
    return syscall(SYS_io_getevents, aio, 1, 1, &event, &pause_time);
}
static long b_sigtimedwait(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    return sigtimedwait(&set, NULL, &long_time);
}
static long b_sigwaitinfo(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    return sigwaitinfo(&set, NULL);
}
static long b_pause(void) { return pause(); }
static long b_sigsuspend(void) {
    sigset_t set;
    sigemptyset(&set);
    return sigsuspend(&set);
}

static const struct call {
    const char *name;
    void (*with)(void);
    long (*blocks)(void);
    void (*release)(void);
    void (*undo)(void);
} calls[] = {
    {"read from a pipe", with_pipe, b_read, writes, nothing},
    {"write to a full pipe", with_full_pipe, b_write, reads, nothing},
    {"send to a full socket", with_full_socket, b_send, reads_second, nothing},
    {"recv", with_sockets, b_recv, writes, nothing},
    {"recv with SO_RCVTIMEO", with_timeout, b_recv, writes, nothing},
    {"accept", with_listener, b_accept, connects, nothing},
    {"poll", with_pipe, b_poll, writes, nothing},
    {"ppoll", with_pipe, b_ppoll, writes, nothing},
    {"select", with_pipe, b_select, writes, nothing},
    {"pselect", with_pipe, b_pselect, writes, nothing},
    {"epoll_wait", with_epoll, b_epoll_wait, writes, nothing},
    {"epoll_pwait", with_epoll, b_epoll_pwait, writes, nothing},
    {"epoll_pwait2", with_epoll, b_epoll_pwait2, writes, nothing},
    {"nanosleep", nothing, b_nanosleep, nothing, nothing},
    {"clock_nanosleep", nothing, b_clock_nanosleep, nothing, nothing},
    {"futex", nothing, b_futex, wakes, nothing},
    {"futex with a timeout", nothing, b_futex_timed, wakes, nothing},
    {"semop", with_semaphore, b_semop, raises, undo_semaphore},
    {"semtimedop", with_semaphore, b_semtimedop, raises, undo_semaphore},
    {"msgrcv", with_queue, b_msgrcv, posts, undo_queue},
    {"mq_receive", with_posix_queue, b_mq_receive, posts_posix, nothing},
    {"flock", with_lock, b_flock, unlocks, nothing},
    {"fcntl lock", with_record_lock, b_fcntl, unlocks_record, nothing},
    {"wait4", with_child, b_wait4, lets_child_end, nothing},
    {"waitid", with_child, b_waitid, lets_child_end, nothing},
    {"open of a fifo", with_fifo, b_open, opens, nothing},
    {"read from an eventfd", with_event, b_read, adds, nothing},
    {"read from inotify", with_inotify, b_read_event, creates, nothing},
    {"io_getevents", with_aio, b_io_getevents, nothing, nothing},
    {"rt_sigtimedwait", with_usr2, b_sigtimedwait, sends_usr2, undo_usr2},
    {"rt_sigtimedwait without end", with_usr2, b_sigwaitinfo, sends_usr2, undo_usr2},
    {"pause", nothing, b_pause, sends_usr2, nothing},
    {"rt_sigsuspend", nothing, b_sigsuspend, sends_usr2, nothing},
};

// The victim blocks; the sender sees it asleep, sends the signal, sees it asleep again or back, and ends the call.
enum { PREPARING, BLOCKING, RETURNED };
static atomic_int phase, turn;
static pid_t victim_tid;

static unsigned long long field(const char *file, const char *name) {
    char path[64], text[4096], *found;
    snprintf(path, sizeof path, "/proc/self/task/%d/%s", victim_tid, file);
    int facts = open(path, O_RDONLY);
    ssize_t length = read(facts, text, sizeof text - 1);
    close(facts);
    text[length < 0 ? 0 : length] = 0;
    found = strstr(text, name);
    return found == NULL ? 0 : name[0] == ')' ? (unsigned char)found[2] : strtoull(found + strlen(name), NULL, 16);
}
static void until_asleep(int number) {
    unsigned long long bit = 1ULL << (number - 1);
    while (phase == BLOCKING && ((field("status", "SigPnd:") & bit) != 0 || field("stat", ")") != 'S'))
        sched_yield();
}
static void until(atomic_int *what, int wanted) {
    while (*what != wanted)
        sched_yield();
}

static const struct kind {
    const char *name;
    int number;
    int flags;
} kinds[] = {
    {"SIGCHLD", SIGCHLD, -1}, {"SIGURG", SIGURG, -1}, {"SIGWINCH", SIGWINCH, -1}, {"SIGCONT", SIGCONT, -1},
    {"SIG_IGN", SIGUSR1, -1}, {"a handler", 40, 0}, {"a handler with SA_RESTART", 41, SA_RESTART},
};
enum { CALLS = sizeof calls / sizeof *calls, KINDS = sizeof kinds / sizeof *kinds };

static void handler(int number) { // hit @main
    (void)number;
}

static void *sender(void *argument) {
    for (int i = 0; i < CALLS * KINDS; i++) {       // hit @main
        const struct call *call = &calls[i / KINDS]; // hit @main
        int number = kinds[i % KINDS].number;       // hit @main
        until(&turn, i);                            // hit @main
        until_asleep(number);                       // hit @main
        pthread_kill(victim, number);               // hit @main
        until_asleep(number);                       // hit @main
        if (phase == BLOCKING)                      // hit @main
            call->release();                        // hit @main
        until(&phase, RETURNED);                    // hit @main
        phase = PREPARING;                          // hit @main
    }
    return argument;                                // hit @main
}

int main(void) {
    pthread_t thread;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    victim = pthread_self();
    victim_tid = gettid();
    turn = -1;
    fd[0] = fd[1] = fd[2] = fd[3] = -1;
    signal(SIGUSR1, SIG_IGN);                       // hit @main
    signal(SIGUSR2, handler);                       // hit @main
    for (int i = 0; i < KINDS; i++) {               // hit @main
        struct sigaction action = {.sa_handler = handler, .sa_flags = kinds[i].flags}; // hit @main
        if (kinds[i].flags >= 0)                    // hit @main
            sigaction(kinds[i].number, &action, NULL); // hit @main
    }
    pthread_create(&thread, NULL, sender, NULL);    // hit @main
    for (int i = 0; i < CALLS * KINDS; i++) {       // hit @main
        const struct call *call = &calls[i / KINDS]; // hit @main
        const struct kind *kind = &kinds[i % KINDS]; // hit @main
        pause_time = (struct timespec){kind->flags < 0 ? 0 : 30, 30000000}; // hit @main
        call->with();                               // hit @main
        phase = BLOCKING;                           // hit @main
        turn = i;                                   // hit @main
        long result = call->blocks();               // hit @main
        int error = errno;                          // hit @main
        phase = RETURNED;                           // hit @main
        until(&phase, PREPARING);                   // hit @main
        call->undo();                               // hit @main
        undo();                                     // hit @main
        printf("%s, %s: %s\n", call->name, kind->name, result < 0 ? strerrorname_np(error) : "done"); // hit @main
    }
    pthread_join(thread, NULL);                     // hit @main
    return 0;                                       // hit @main
}
