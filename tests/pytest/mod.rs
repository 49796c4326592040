//! The plugin of pytest: what each test runs is in a context of its own.

mod extension;
mod failures;
mod project;
mod switched;
mod versions;
