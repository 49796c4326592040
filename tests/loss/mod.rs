//! Nothing that was served is lost when cov-trace is killed, and without the recorder the program goes on.

mod killed;
