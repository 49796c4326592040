// Shows a thread in each of 45 system calls that block; a letter makes the program tell which of them have returned.
// build: cc -g -O0 -pthread
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
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct timespec hour = {3600, 0};
static const char big[1 << 16];

// What the calls block on. A thread makes its own, so that nobody else can end its call.
static int a_pipe(int end) {
    int fd[2];
    if (pipe(fd) != 0)
        abort();
    return fd[end];
}
static int an_empty_pipe(void) { return a_pipe(0); }
static int a_full_pipe(void) {
    int fd = a_pipe(1);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (write(fd, big, 4096) > 0)
        ;
    fcntl(fd, F_SETFL, 0);
    return fd;
}
static int a_socket(void) {
    int fd[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
    return fd[0];
}
static int a_full_socket(void) {
    int fd = a_socket();
    while (send(fd, big, 4096, MSG_DONTWAIT) > 0)
        ;
    return fd;
}
static int a_patient_socket(void) {
    struct timeval limit = {3600, 0};
    int fd = a_socket();
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
}
static int a_listener(struct sockaddr_un *address) {
    static atomic_int number;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "cov-blocked-%d-%d", getpid(), number++);
    bind(fd, (struct sockaddr *)address, sizeof *address);
    listen(fd, 0);
    return fd;
}
static int an_epoll(void) {
    struct epoll_event event = {.events = EPOLLIN};
    int fd = epoll_create1(0);
    epoll_ctl(fd, EPOLL_CTL_ADD, an_empty_pipe(), &event);
    return fd;
}
static mqd_t a_queue(int is_full) {
    static atomic_int number;
    struct mq_attr facts = {.mq_maxmsg = 1, .mq_msgsize = 16};
    char name[64];
    snprintf(name, sizeof name, "/cov-blocked-%d-%d", getpid(), number++);
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, &facts);
    mq_unlink(name);
    if (is_full)
        mq_send(queue, "message", 8, 0);
    return queue;
}
static int a_locked_file(int (*lock)(int)) {
    static atomic_int number;
    char name[64];
    snprintf(name, sizeof name, "lock-%d", number++);
    int fd = open(name, O_RDWR | O_CREAT, 0600);
    lock(open(name, O_RDWR));
    unlink(name);
    return fd;
}
static struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
static int by_flock(int fd) { return flock(fd, LOCK_EX); }
static int by_record(int fd) { return fcntl(fd, F_OFD_SETLK, &whole); }
static pid_t a_child(void) {
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
        pause();
}
static sigset_t usr2(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    return set;
}
// System V objects outlive the process; they are marked for removal as soon as somebody may wait on them.
enum { SYSV = 8 };
static int sysv[SYSV], sysv_is_queue[SYSV];
static atomic_int sysvs;
static int remembered(int id, int is_queue) {
    int number = sysvs++;
    sysv[number] = id;
    sysv_is_queue[number] = is_queue;
    return id;
}
static void remove_sysv(void) {
    for (int i = 0; i < sysvs; i++)
        sysv_is_queue[i] ? msgctl(sysv[i], IPC_RMID, NULL) : semctl(sysv[i], 0, IPC_RMID);
}

// The calls. Each says that all is ready just before it blocks.
static _Thread_local atomic_int *is_ready;
#define READY(call) (*is_ready = 1, (call))
static char bytes[64][1 << 13];
static struct pollfd input(void) { return (struct pollfd){.fd = an_empty_pipe(), .events = POLLIN}; }
static long b_read(char *to) { int fd = an_empty_pipe(); return READY(read(fd, to, 8)); }
static long b_readv(char *to) { struct iovec part = {to, 8}; int fd = an_empty_pipe(); return READY(readv(fd, &part, 1)); }
static long b_write(char *to) { int fd = a_full_pipe(); return READY(write(fd, to, 4096)); }
static long b_send(char *to) { int fd = a_full_socket(); return READY(send(fd, to, 1, 0)); }
static long b_recv(char *to) { int fd = a_socket(); return READY(recv(fd, to, 8, 0)); }
static long b_recv_timed(char *to) { int fd = a_patient_socket(); return READY(recv(fd, to, 8, 0)); }
static long b_recvmsg(char *to) {
    struct iovec part = {to, 8};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    int fd = a_socket();
    return READY(recvmsg(fd, &message, 0));
}
static long b_recvmmsg(char *to) {
    struct iovec part = {to, 8};
    struct mmsghdr message = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
    int fd = a_socket();
    return READY(recvmmsg(fd, &message, 1, 0, NULL));
}
static long b_accept(char *to) {
    struct sockaddr_un address;
    int fd = a_listener(&address);
    (void)to;
    return READY(accept(fd, NULL, NULL));
}
static long b_connect(char *to) {
    struct sockaddr_un address;
    a_listener(&address);
    connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)to;
    return READY(connect(fd, (struct sockaddr *)&address, sizeof address));
}
static long b_poll(char *to) { struct pollfd one = input(); (void)to; return READY(poll(&one, 1, -1)); }
static long b_poll_timed(char *to) { struct pollfd one = input(); (void)to; return READY(poll(&one, 1, 3600000)); }
static long b_ppoll(char *to) { struct pollfd one = input(); (void)to; return READY(ppoll(&one, 1, &hour, NULL)); }
static long select_on(int is_old) {
    struct timeval limit = {3600, 0};
    int fd = an_empty_pipe();
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    if (is_old)
        return READY(syscall(SYS_select, fd + 1, &set, NULL, NULL, &limit));
    return READY(pselect(fd + 1, &set, NULL, NULL, &hour, NULL));
}
static long b_select(char *to) { (void)to; return select_on(1); }
static long b_pselect(char *to) { (void)to; return select_on(0); }
#define EVENT(to) ((struct epoll_event *)(to))
static long b_epoll_wait(char *to) { int fd = an_epoll(); return READY(syscall(SYS_epoll_wait, fd, EVENT(to), 2, -1)); }
static long b_epoll_wait_timed(char *to) { int fd = an_epoll(); return READY(syscall(SYS_epoll_wait, fd, EVENT(to), 2, 3600000)); }
static long b_epoll_pwait(char *to) { int fd = an_epoll(); return READY(syscall(SYS_epoll_pwait, fd, EVENT(to), 2, -1, NULL, 8)); }
static long b_epoll_pwait2(char *to) { int fd = an_epoll(); return READY(syscall(SYS_epoll_pwait2, fd, EVENT(to), 2, &hour, NULL, 8)); }
static long b_nanosleep(char *to) { (void)to; return READY(syscall(SYS_nanosleep, &hour, NULL)); }
static long b_clock_nanosleep(char *to) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 3600;
    (void)to;
    return READY(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
}
static long b_futex(char *to) { return READY(syscall(SYS_futex, to, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0)); }
static long b_futex_timed(char *to) { return READY(syscall(SYS_futex, to, FUTEX_WAIT_PRIVATE, 0, &hour, NULL, 0)); }
static long b_mutex(char *to) {
    pthread_mutex_t *mutex = (pthread_mutex_t *)to;
    *mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(mutex);
    return READY(pthread_mutex_lock(mutex));
}
static long b_semop(char *to) {
    int id = remembered(semget(IPC_PRIVATE, 1, 0600), 0);
    (void)to;
    return READY(semop(id, &(struct sembuf){0, -1, 0}, 1));
}
static long b_semtimedop(char *to) {
    int id = remembered(semget(IPC_PRIVATE, 1, 0600), 0);
    (void)to;
    return READY(semtimedop(id, &(struct sembuf){0, -1, 0}, 1, &hour));
}
static long b_msgrcv(char *to) { int id = remembered(msgget(IPC_PRIVATE, 0600), 1); return READY(msgrcv(id, to, 8, 0, 0)); }
static long b_msgsnd(char *to) {
    int id = remembered(msgget(IPC_PRIVATE, 0600), 1);
    *(long *)to = 1;
    while (msgsnd(id, to, 4096, IPC_NOWAIT) == 0)
        ;
    return READY(msgsnd(id, to, 4096, 0));
}
static long b_mq_receive(char *to) { mqd_t queue = a_queue(0); return READY(mq_receive(queue, to, 4096, NULL)); }
static long b_mq_send(char *to) { mqd_t queue = a_queue(1); return READY(mq_send(queue, to, 8, 0)); }
static long b_flock(char *to) { int fd = a_locked_file(by_flock); (void)to; return READY(flock(fd, LOCK_EX)); }
static long b_fcntl(char *to) { int fd = a_locked_file(by_record); (void)to; return READY(fcntl(fd, F_OFD_SETLKW, &whole)); }
static long b_wait4(char *to) { pid_t pid = a_child(); (void)to; return READY(wait4(pid, NULL, 0, NULL)); }
static long b_waitid(char *to) { pid_t pid = a_child(); (void)to; return READY(waitid(P_PID, pid, NULL, WEXITED)); }
static long b_open(char *to) { (void)to; mkfifo("fifo", 0600); return READY(open("fifo", O_RDONLY)); }
static long b_eventfd(char *to) { int fd = eventfd(0, 0); return READY(read(fd, to, 8)); }
static long b_timerfd(char *to) {
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(fd, 0, &(struct itimerspec){.it_value = hour}, NULL);
    return READY(read(fd, to, 8));
}
static long b_signalfd(char *to) { sigset_t set = usr2(); int fd = signalfd(-1, &set, 0); return READY(read(fd, to, 4096)); }
static long b_inotify(char *to) { int fd = inotify_init(); return READY(read(fd, to, 4096)); }
static long b_io_getevents(char *to) {
    aio_context_t aio = 0;
    syscall(SYS_io_setup, 1, &aio);
    return READY(syscall(SYS_io_getevents, aio, 1, 1, to, NULL));
}
static long b_splice(char *to) { int from = an_empty_pipe(), into = a_pipe(1); (void)to; return READY(splice(from, NULL, into, NULL, 8, 0)); }
static long b_sigtimedwait(char *to) { sigset_t set = usr2(); (void)to; return READY(sigtimedwait(&set, NULL, &hour)); }
static long b_sigwaitinfo(char *to) { sigset_t set = usr2(); (void)to; return READY(sigwaitinfo(&set, NULL)); }
static long b_pause(char *to) { (void)to; return READY(pause()); }
static long b_sigsuspend(char *to) { sigset_t set = usr2(); (void)to; return READY(sigsuspend(&set)); }

#define CALL(name) {#name, b_##name}
static struct call {
    const char *name;
    long (*blocks)(char *to);
    atomic_int is_ready, has_returned;
    pid_t tid;
    long result;
    int error;
} calls[] = {
    CALL(read), CALL(readv), CALL(write), CALL(send), CALL(recv), CALL(recv_timed), CALL(recvmsg), CALL(recvmmsg),
    CALL(accept), CALL(connect), CALL(poll), CALL(poll_timed), CALL(ppoll), CALL(select), CALL(pselect),
    CALL(epoll_wait), CALL(epoll_wait_timed), CALL(epoll_pwait), CALL(epoll_pwait2), CALL(nanosleep),
    CALL(clock_nanosleep), CALL(futex), CALL(futex_timed), CALL(mutex), CALL(semop), CALL(semtimedop), CALL(msgrcv),
    CALL(msgsnd), CALL(mq_receive), CALL(mq_send), CALL(flock), CALL(fcntl), CALL(wait4), CALL(waitid), CALL(open),
    CALL(eventfd), CALL(timerfd), CALL(signalfd), CALL(inotify), CALL(io_getevents), CALL(splice),
    CALL(sigtimedwait), CALL(sigwaitinfo), CALL(pause), CALL(sigsuspend),
};
enum { CALLS = sizeof calls / sizeof *calls };

static void *thread(void *argument) {
    struct call *call = argument;
    is_ready = &call->is_ready;
    call->tid = gettid();
    call->result = call->blocks(bytes[call - calls]);
    call->error = errno;
    call->has_returned = 1;
    return argument;
}

// A thread is in its call when it sleeps in the kernel; before it said so it may sleep for another reason.
static int is_blocked(struct call *call) {
    char path[64], text[512], state = 0;
    if (!call->is_ready)
        return 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", call->tid);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        if (fgets(text, sizeof text, file) != NULL)
            sscanf(strrchr(text, ')') + 2, "%c", &state);
        fclose(file);
    }
    return state == 'S';
}

int main(void) {
    char letter;
    sigset_t set = usr2();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < CALLS; i++) {
        pthread_t id;
        pthread_create(&id, NULL, thread, &calls[i]);
    }
    for (int i = 0; i < CALLS; i++)
        while (!calls[i].has_returned && !is_blocked(&calls[i]))
            usleep(100);
    dprintf(1, "%d calls block\n", CALLS);
    while (read(0, &letter, 1) == 1) {
        int returned = 0;
        for (int i = 0; i < CALLS; i++) {
            // One that is running is on its way back, or into the call again.
            while (!calls[i].has_returned && !is_blocked(&calls[i]))
                usleep(100);
            if (calls[i].has_returned) {
                dprintf(1, "%s returned %ld, %s\n", calls[i].name, calls[i].result, strerrorname_np(calls[i].error));
                returned++;
            }
        }
        dprintf(1, "%d have returned\n", returned);
    }
    remove_sysv();
    unlink("fifo");
    _exit(0);
}
