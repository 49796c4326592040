//! The arguments of the benchmark.

use std::path::PathBuf;

use clap::Parser;

/// Measures what grows with the number of processes, threads and files.
#[derive(Parser)]
pub struct Options {
    /// Only the groups whose name has this in it.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// How many short children an attached program has in all.
    #[arg(long, value_name = "N", default_value_t = 30_000)]
    pub children: u32,
    /// The folder of a PostgreSQL with debug info that has `bin/postgres` and `bin/pgbench`; without it, that group is left out.
    #[arg(long, value_name = "FOLDER")]
    pub postgres: Option<PathBuf>,
    /// Writes the figures as JSON too.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Cargo's own.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    /// Whether the group of this name is to be measured.
    pub fn chosen(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.contains(only))
    }
}
