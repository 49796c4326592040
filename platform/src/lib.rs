//! What cov-trace asks of the kernel and the CPU: tids, stops, registers, bytes, mappings, decoding.
//!
//! Invariant: it knows nothing of lines, coverage or SQL; all `unsafe`, all of nix and libc, every
//! `cfg(target_*)` and every "/proc" of the project is in this crate.

mod access;
pub mod affinity;
pub mod arch;
pub mod attachable;
mod bell;
mod channel;
mod child_signal;
mod clock;
mod descriptors;
mod differences;
mod entry;
mod error;
mod folder;
#[cfg(test)]
mod folder_tests;
mod guard_table;
mod heap;
mod ids;
mod kernel;
mod kernel_files;
pub mod limits;
mod lineage;
mod listener;
mod mapped_file;
mod maps;
mod marks;
mod memory;
mod originals;
mod output;
mod pagemap;
pub mod process;
pub mod procfs;
mod punch;
mod random;
mod read;
mod reaper;
mod regular;
pub mod remote;
mod shared;
mod signals;
mod source_file;
pub mod standing;
pub mod surroundings;
mod sync;
mod text_check;
pub mod threads;
mod timed_call;
mod tracer;
mod trust;
mod wait;
mod walk;
mod when_none;
mod words;

pub use access::Access;
pub use arch::PAGE;
pub use bell::Bell;
pub use channel::{Channel, Received, hangs_up_within, is_hung_up, takes_more, wait_readable, wait_ready};
pub use child_signal::take_child_signal;
pub use clock::{unix_millis, unix_millis_at};
pub use differences::{Difference, Expected, differences};
pub use error::OsError;
pub use folder::{Entry, EntryKind, Folder, FolderIdentity};
pub use guard_table::{GuardEntries, GuardTable, GuardedProcess};
pub use heap::{give_back_memory, return_large_blocks};
pub use ids::{Avma, Pid, Tid};
pub use kernel::kernel_release;
pub use lineage::{Lineage, lineage};
pub use listener::Listener;
pub use mapped_file::MappedFile;
pub use maps::{
    FileKey, MappedSpace, TextMapping, executable_memory, mapped, mapped_since, mapping_around, open_mapped,
};
pub use marks::{CHUNK, Marks, memory_file, read_memory_file};
pub use memory::Memory;
pub use nix::errno::Errno;
pub use originals::{Original, Originals};

pub use output::{begin_output, write_output};
pub use pagemap::own_pages;
pub use punch::punch_start;
pub use random::random;
pub use read::read_up_to;
pub use reaper::Reaper;
pub use regular::{open_regular, read_regular};
pub use shared::{SharedMemory, Spot};
pub use signals::{BLOCKABLE_STANDARD, Signal, SignalAction, SignalInfo, TrapCause, blockable, mask_after_call};
pub use source_file::{Readers, SourceFile};
pub use sync::sync_files;
pub use text_check::{Offsets, TextDifference, text_differences};
pub use timed_call::{Timeout, timeout_of};
pub use tracer::{OnTracerDeath, Tracer, Waited, kill, kill_thread};
pub use trust::{Trust, user_in_words};
pub use wait::{Event, Wait};
pub use when_none::WhenNone;
