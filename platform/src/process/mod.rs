//! Processes from inside: making them, what this one is and does, what becomes of its children.

mod child;
mod helper;
mod inbox;
mod own;
mod program;
mod stderr;

pub use child::{ChildNews, await_end, child_news};
pub use helper::{fork_helper, keep_only, leaves_descriptors};
pub use inbox::{Arrived, SignalInbox, SignalMask, block_all_signals, block_child_signals};
pub use own::{
    be_spared_by_the_oom_killer, be_traceable_by, die_of, effective_user, host_name, is_root, own_pid,
    stay_in_memory_after, stop_like_a_job,
};
pub use program::{HeldProgram, become_unmeasured};
pub use stderr::{WeakStderr, leave_stderr};
