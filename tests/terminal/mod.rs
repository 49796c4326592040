//! A terminal: keys that send signals, and job control.

mod keys;
