//! Attaching to processes that run, and letting go of them.

mod code;
mod images;
mod killed;
mod lines;
mod processes;
mod refused;
pub mod scene;
mod stopped;
mod switched;
mod syscalls;
mod text;
mod threads;
mod undisturbed;

/// The samples of these tests, which need somebody to attach to them while they run.
pub const SAMPLES: &[&str] = &[
    "attach/blocked",
    "attach/code",
    "attach/daemon",
    "attach/epoll_service",
    "attach/forks",
    "attach/leader_exits",
    "attach/lines",
    "attach/many_threads",
    "attach/own_breakpoints",
    "attach/plugin",
    "attach/sigtrap",
    "attach/switched",
    "attach/thread_churn",
    "attach/tracer",
    "attach/tree",
    "attach/vfork",
    "attach/zombie",
];
