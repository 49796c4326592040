//! What a new tracee is to the one that made it: a thread, a process with its own memory, or one that shares it.

use crate::arch::{self, CloneFlags};
use crate::{Memory, Pid, Tid, Tracer, procfs};
use serde::{Deserialize, Serialize};

/// What a new tracee shares with its maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lineage {
    /// A thread of the same process (CLONE_THREAD).
    Thread,
    /// A process of its own that shares the address space (CLONE_VM).
    SharedMemory,
    /// A process of its own with a copy of the address space.
    CopiedMemory,
}

/// Finds out what `child` is to `maker`, which is in the event stop of the call that made it.
///
/// The call's own flags answer in a microsecond; where they cannot be read (32-bit programs), /proc and kcmp(2) do.
pub fn lineage(tracer: &Tracer, memory: Option<&Memory>, maker: Tid, child: Tid) -> Lineage {
    match clone_flags(tracer, memory, maker) {
        Some(flags) if flags & libc::CLONE_THREAD as u64 != 0 => Lineage::Thread,
        Some(flags) if flags & libc::CLONE_VM as u64 != 0 => Lineage::SharedMemory,
        Some(_) => Lineage::CopiedMemory,
        None => compare(maker, child),
    }
}

fn clone_flags(tracer: &Tracer, memory: Option<&Memory>, maker: Tid) -> Option<u64> {
    let call = arch::syscall(&tracer.registers(maker).ok()?)?;
    match call.clone_flags()? {
        CloneFlags::Are(flags) => Some(flags),
        CloneFlags::At(place) => {
            let mut flags = [0; 8];
            memory?.read(place, &mut flags).ok()?;
            Some(u64::from_ne_bytes(flags))
        }
    }
}

/// Compares by what the kernel says of both now.
fn compare(maker: Tid, child: Tid) -> Lineage {
    let group = |tid| procfs::membership(tid).map(|of| of.process).ok();
    if group(child).is_some_and(|pid| pid.leader() != child) {
        Lineage::Thread
    } else if share_memory(Pid(maker.0), Pid(child.0)) {
        Lineage::SharedMemory
    } else {
        Lineage::CopiedMemory
    }
}

/// kcmp(KCMP_VM): whether two processes share one address space.
pub(crate) fn share_memory(one: Pid, other: Pid) -> bool {
    const KCMP_VM: i32 = 1;
    // SAFETY: kcmp takes plain numbers.
    unsafe { libc::syscall(libc::SYS_kcmp, one.0, other.0, KCMP_VM, 0, 0) == 0 }
}
