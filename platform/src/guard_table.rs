//! What the supervisor leaves to its guard, should it be killed: a table in memory that both have mapped.
//!
//! Invariant: every entry changes by one atomic store, so whoever reads it after a kill at any moment reads sense.

use crate::{Avma, OsError, Pid, Tid};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use std::cell::RefCell;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

/// How many processes there is room for. Memory is taken page by page as they are used; whoever finds no room is
/// merely found later by the guard.
const CAPACITY: usize = 131_072;

/// Set in a slot beside the pid while the process is in a group-stop.
const STOPPED: u64 = 1 << 32;

/// The shared memory; zeroes are a table without entries.
#[repr(C)]
struct Shared {
    /// Slots from here on were never used.
    used: AtomicU32,
    /// The thread whose hit is being served, or 0.
    serving: AtomicI32,
    /// The address of that hit.
    served: AtomicU64,
    slots: [AtomicU64; CAPACITY],
}

/// A process as the table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardedProcess {
    /// Its pid.
    pub pid: Pid,
    /// Whether it is in a group-stop.
    pub stopped: bool,
}

/// The table. It is made by the guard before it forks the supervisor, which alone writes to it.
#[derive(Debug)]
pub struct GuardTable {
    at: NonNull<Shared>,
    guard: Pid,
    index: RefCell<HashMap<Pid, usize>>,
    free: RefCell<Vec<usize>>,
}

impl GuardTable {
    /// An empty table, shared with every process that is forked from here on.
    pub fn new() -> Result<Self, OsError> {
        let size = NonZeroUsize::new(size_of::<Shared>()).expect("invariant: it has slots");
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_NORESERVE;
        // SAFETY: a new mapping at an address of the kernel's choice aliases nothing of ours.
        let at = unsafe { mmap_anonymous(None, size, protection, flags) };
        let at = at.map_err(|errno| OsError::new("map", "the guard's table", errno))?.cast();
        Ok(GuardTable {
            at,
            guard: Pid(std::process::id() as i32),
            index: RefCell::default(),
            free: RefCell::default(),
        })
    }

    /// Who made it.
    pub fn guard(&self) -> Pid {
        self.guard
    }

    fn shared(&self) -> &Shared {
        // SAFETY: mapped with this size and page alignment until drop; zeroes are valid atomics, and everybody who has
        // it mapped accesses it through atomics only.
        unsafe { self.at.as_ref() }
    }

    /// Adds a process that breakpoints may be planted in.
    pub fn add(&self, pid: Pid) {
        let shared = self.shared();
        let slot = self.free.borrow_mut().pop().unwrap_or(shared.used.load(Ordering::Relaxed) as usize);
        if let Some(entry) = shared.slots.get(slot) {
            entry.store(pid.0 as u64, Ordering::Release);
            shared.used.fetch_max(slot as u32 + 1, Ordering::Release);
            self.index.borrow_mut().insert(pid, slot);
        }
    }

    /// Takes a process out that ended or was let go.
    pub fn remove(&self, pid: Pid) {
        if let Some(slot) = self.index.borrow_mut().remove(&pid) {
            self.shared().slots[slot].store(0, Ordering::Release);
            self.free.borrow_mut().push(slot);
        }
    }

    /// Notes whether a process is in a group-stop, as told by its leader; other threads change nothing.
    pub fn set_stopped(&self, leader: Tid, stopped: bool) {
        if let Some(&slot) = self.index.borrow().get(&Pid(leader.0)) {
            let flag = if stopped { STOPPED } else { 0 };
            self.shared().slots[slot].store(leader.0 as u64 | flag, Ordering::Release);
        }
    }

    /// The thread's hit is being served: its text may be restored from here on, its program counter is not yet.
    pub fn serving(&self, tid: Tid, at: Avma) {
        self.shared().served.store(at.0, Ordering::Relaxed);
        self.shared().serving.store(tid.0, Ordering::Release);
    }

    /// The program counter is where it belongs.
    pub fn served(&self) {
        self.shared().serving.store(0, Ordering::Release);
    }

    /// The hit that is being served.
    pub fn being_served(&self) -> Option<(Tid, Avma)> {
        let tid = Tid(self.shared().serving.load(Ordering::Acquire));
        (tid.0 != 0).then(|| (tid, Avma(self.shared().served.load(Ordering::Relaxed))))
    }

    /// The processes that are in the table now.
    pub fn processes(&self) -> impl Iterator<Item = GuardedProcess> + '_ {
        let used = (self.shared().used.load(Ordering::Acquire) as usize).min(CAPACITY);
        let entries = self.shared().slots[..used].iter().map(|slot| slot.load(Ordering::Acquire));
        entries
            .filter(|&entry| entry != 0)
            .map(|entry| GuardedProcess { pid: Pid((entry & !STOPPED) as i32), stopped: entry & STOPPED != 0 })
    }
}

impl Drop for GuardTable {
    fn drop(&mut self) {
        // SAFETY: mapped with this size by `new`, and nothing borrows it any more.
        let _unmapped = unsafe { munmap(self.at.cast(), size_of::<Shared>()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(table: &GuardTable) -> Vec<(i32, bool)> {
        table.processes().map(|process| (process.pid.0, process.stopped)).collect()
    }

    #[test]
    fn slots_are_used_again() {
        let table = GuardTable::new().expect("maps");
        (1..=3).for_each(|pid| table.add(Pid(pid)));
        table.remove(Pid(2));
        table.remove(Pid(2));
        assert_eq!(found(&table), [(1, false), (3, false)]);
        table.add(Pid(7));
        assert_eq!(found(&table), [(1, false), (7, false), (3, false)]);
    }

    #[test]
    fn only_the_leader_tells_of_a_group_stop() {
        let table = GuardTable::new().expect("maps");
        table.add(Pid(5));
        table.set_stopped(Tid(6), true);
        assert_eq!(found(&table), [(5, false)]);
        table.set_stopped(Tid(5), true);
        assert_eq!(found(&table), [(5, true)]);
        table.set_stopped(Tid(5), false);
        assert_eq!(found(&table), [(5, false)]);
    }

    #[test]
    fn a_full_table_takes_no_more() {
        let table = GuardTable::new().expect("maps");
        (1..=CAPACITY as i32 + 2).for_each(|pid| table.add(Pid(pid)));
        assert_eq!(table.processes().count(), CAPACITY);
        table.remove(Pid(CAPACITY as i32 + 1));
        table.remove(Pid(1));
        table.add(Pid(CAPACITY as i32 + 1));
        assert_eq!(table.processes().next().map(|process| process.pid), Some(Pid(CAPACITY as i32 + 1)));
    }

    #[test]
    fn another_process_reads_what_was_written() {
        let table = GuardTable::new().expect("maps");
        // SAFETY: the child only stores to the table and leaves.
        match unsafe { nix::unistd::fork() }.expect("fork") {
            nix::unistd::ForkResult::Child => {
                table.shared().slots[0].store(9, Ordering::Release);
                table.shared().used.store(1, Ordering::Release);
                table.serving(Tid(9), Avma(0x1234));
                // SAFETY: _exit runs no handlers of the parent's copy.
                unsafe { libc::_exit(0) }
            }
            nix::unistd::ForkResult::Parent { child } => {
                crate::process::await_end(Pid(child.as_raw()));
                assert_eq!(found(&table), [(9, false)]);
                assert_eq!(table.being_served(), Some((Tid(9), Avma(0x1234))));
                table.served();
                assert_eq!(table.being_served(), None);
            }
        }
    }
}
