//! Nothing that was served is lost when cov-trace is killed, and the program goes on.

mod guarded;
mod killed;
