//! Nothing that was served is lost when cov-trace is killed, and the program goes on.

mod directory;
mod guarded;
mod killed;
