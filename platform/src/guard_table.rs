//! What the supervisor leaves to those who survive it: a table in memory that all of our processes have mapped.
//!
//! Invariant: every entry changes by one atomic operation, so that what is read after a kill at any moment makes sense.

use crate::{Avma, Originals, OsError, Pid, TextMapping, Tid};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

/// How many processes there is room for. Memory is taken page by page as they are used; a process without a slot is
/// merely found later by its rescuer.
const CAPACITY: usize = 131_072;

/// Set in a slot beside the pid while the process is in a group-stop.
const STOPPED: u64 = 1 << 32;

/// The shared memory; zeroes are a table without entries.
#[repr(C)]
struct TableMemory {
    /// Slots from here on were never used.
    used: AtomicU32,
    /// The thread whose hit is being served, or 0.
    serving: AtomicI32,
    /// The address of that hit.
    served: AtomicU64,
    /// The guard's pid, or 0.
    guard: AtomicI32,
    /// The supervisor's pid, or 0.
    supervisor: AtomicI32,
    /// The pid of the process that rescues what the supervisor left, or 0.
    rescuer: AtomicI32,
    slots: [AtomicU64; CAPACITY],
}

/// The memory as this process has it mapped.
#[derive(Debug)]
struct Mapping(NonNull<TableMemory>);

// SAFETY: the memory is mapped until drop and accessed through atomics only.
unsafe impl Send for Mapping {}
// SAFETY: the same.
unsafe impl Sync for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped with this size by `GuardTable::new`, and nothing borrows it any more.
        let _unmapped = unsafe { munmap(self.0.cast(), size_of::<TableMemory>()) };
    }
}

/// A process as the table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardedProcess {
    /// Its pid, in the pid namespace of the supervisor.
    pub pid: Pid,
    /// Whether it is in a group-stop.
    pub stopped: bool,
    slot: usize,
}

/// The table. It is made before the processes are forked that share it.
#[derive(Clone, Debug)]
pub struct GuardTable {
    mapping: Arc<Mapping>,
    originals: Option<Arc<Originals>>,
}

impl GuardTable {
    /// An empty table, shared with every process that is forked from here on.
    pub fn new() -> Result<Self, OsError> {
        let size = NonZeroUsize::new(size_of::<TableMemory>()).expect("invariant: it has slots");
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_NORESERVE;
        // SAFETY: a new mapping at an address of the kernel's choice aliases nothing of ours.
        let at = unsafe { mmap_anonymous(None, size, protection, flags) };
        let at = at.map_err(|errno| OsError::new("map", "the guard's table", errno))?;
        // Where this is refused the mapped files tell as well, if they can be reached.
        let originals = Originals::new().ok().map(Arc::new);
        Ok(GuardTable { mapping: Arc::new(Mapping(at.cast())), originals })
    }

    fn shared(&self) -> &TableMemory {
        // SAFETY: mapped with this size and page alignment until drop; zeroes are valid atomics, and every process that
        // has it mapped accesses it through atomics only.
        unsafe { self.mapping.0.as_ref() }
    }

    /// What belongs where breakpoints may be, if there was memory for that.
    pub fn originals(&self) -> Option<&Originals> {
        self.originals.as_deref()
    }

    /// The descriptor that it needs.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.originals().map(AsFd::as_fd)
    }

    /// The guard, once there is one.
    pub fn guard(&self) -> Option<Pid> {
        pid_in(&self.shared().guard)
    }

    /// Notes the pid of the guard, for those who take over from it.
    pub fn set_guard(&self, guard: Pid) {
        self.shared().guard.store(guard.0, Ordering::Release);
    }

    /// The supervisor, once there is one.
    pub fn supervisor(&self) -> Option<Pid> {
        pid_in(&self.shared().supervisor)
    }

    /// Notes the pid of the supervisor, for the guard and those who take over from it.
    pub fn set_supervisor(&self, supervisor: Pid) {
        self.shared().supervisor.store(supervisor.0, Ordering::Release);
    }

    /// Makes `rescuer` the one that rescues, unless another process is that already, which is given then; what it has
    /// not done can be taken from it by naming it in `after`.
    pub fn claim_rescue(&self, rescuer: Pid, after: Option<Pid>) -> Result<(), Pid> {
        let before = after.map_or(0, |pid| pid.0);
        match self.shared().rescuer.compare_exchange(before, rescuer.0, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(other) if other == rescuer.0 => Ok(()),
            Err(other) => Err(Pid(other)),
        }
    }

    /// The process that rescues, if one has begun to.
    pub fn rescuer(&self) -> Option<Pid> {
        pid_in(&self.shared().rescuer)
    }

    /// Takes a process out that was rescued.
    pub fn rescued(&self, process: GuardedProcess) {
        self.shared().slots[process.slot].store(0, Ordering::Release);
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
        entries.enumerate().filter(|&(_, entry)| entry != 0).map(|(slot, entry)| GuardedProcess {
            pid: Pid((entry & !STOPPED) as i32),
            stopped: entry & STOPPED != 0,
            slot,
        })
    }
}

fn pid_in(cell: &AtomicI32) -> Option<Pid> {
    Some(Pid(cell.load(Ordering::Acquire))).filter(|pid| pid.0 != 0)
}

/// The table as the supervisor writes it, which alone adds entries.
#[derive(Debug)]
pub struct GuardEntries {
    table: GuardTable,
    index: HashMap<Pid, usize>,
    free: Vec<usize>,
}

impl GuardEntries {
    /// Writes to a table without entries.
    pub fn of(table: GuardTable) -> Self {
        GuardEntries { table, index: HashMap::new(), free: Vec::new() }
    }

    /// The guard, once there is one.
    pub fn guard(&self) -> Option<Pid> {
        self.table.guard()
    }

    /// Adds what belongs where breakpoints of an image may be, whose file is that of `mapping`.
    pub fn add_originals(&self, mapping: &TextMapping, places: &[(u64, u8)]) {
        if let Some(originals) = self.table.originals() {
            let _as_far_as_there_is_room = originals.add(mapping, places);
        }
    }

    /// Adds a process that breakpoints may be planted in.
    pub fn add(&mut self, pid: Pid) {
        let shared = self.table.shared();
        let slot = self.free.pop().unwrap_or(shared.used.load(Ordering::Relaxed) as usize);
        if let Some(entry) = shared.slots.get(slot) {
            entry.store(pid.0 as u64, Ordering::Release);
            shared.used.fetch_max(slot as u32 + 1, Ordering::Release);
            self.index.insert(pid, slot);
        }
    }

    /// Takes a process out that ended or was let go.
    pub fn remove(&mut self, pid: Pid) {
        if let Some(slot) = self.index.remove(&pid) {
            self.table.shared().slots[slot].store(0, Ordering::Release);
            self.free.push(slot);
        }
    }

    /// Notes whether a process is in a group-stop, as told by its leader; other threads change nothing.
    pub fn set_stopped(&self, leader: Tid, stopped: bool) {
        if let Some(&slot) = self.index.get(&Pid(leader.0)) {
            let flag = if stopped { STOPPED } else { 0 };
            self.table.shared().slots[slot].store(leader.0 as u64 | flag, Ordering::Release);
        }
    }

    /// The thread's hit is being served: its text may be restored from here on, its program counter is not yet.
    pub fn serving(&self, tid: Tid, at: Avma) {
        self.table.shared().served.store(at.0, Ordering::Relaxed);
        self.table.shared().serving.store(tid.0, Ordering::Release);
    }

    /// The program counter is where it belongs.
    pub fn served(&self) {
        self.table.shared().serving.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(entries: &GuardEntries) -> Vec<(i32, bool)> {
        entries.table.processes().map(|process| (process.pid.0, process.stopped)).collect()
    }

    fn empty() -> GuardEntries {
        GuardEntries::of(GuardTable::new().expect("maps"))
    }

    #[test]
    fn one_process_rescues_until_it_is_named_as_the_one_to_follow() {
        let table = GuardTable::new().expect("maps");
        assert_eq!(table.rescuer(), None);
        assert_eq!(table.claim_rescue(Pid(7), None), Ok(()));
        assert_eq!(table.claim_rescue(Pid(7), None), Ok(()));
        assert_eq!(table.claim_rescue(Pid(8), None), Err(Pid(7)));
        assert_eq!(table.claim_rescue(Pid(8), Some(Pid(7))), Ok(()));
        assert_eq!(table.claim_rescue(Pid(9), Some(Pid(7))), Err(Pid(8)));
        assert_eq!(table.rescuer(), Some(Pid(8)));
    }

    #[test]
    fn what_was_rescued_is_out_of_the_table() {
        let mut entries = empty();
        (1..=3).for_each(|pid| entries.add(Pid(pid)));
        let second = entries.table.processes().nth(1).expect("it was added");
        entries.table.rescued(second);
        assert_eq!(found(&entries), [(1, false), (3, false)]);
    }

    #[test]
    fn slots_are_used_again() {
        let mut table = empty();
        (1..=3).for_each(|pid| table.add(Pid(pid)));
        table.remove(Pid(2));
        table.remove(Pid(2));
        assert_eq!(found(&table), [(1, false), (3, false)]);
        table.add(Pid(7));
        assert_eq!(found(&table), [(1, false), (7, false), (3, false)]);
    }

    #[test]
    fn only_the_leader_tells_of_a_group_stop() {
        let mut table = empty();
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
        let mut table = empty();
        (1..=CAPACITY as i32 + 2).for_each(|pid| table.add(Pid(pid)));
        assert_eq!(table.table.processes().count(), CAPACITY);
        table.remove(Pid(CAPACITY as i32 + 1));
        table.remove(Pid(1));
        table.add(Pid(CAPACITY as i32 + 1));
        assert_eq!(table.table.processes().next().map(|process| process.pid), Some(Pid(CAPACITY as i32 + 1)));
    }

    #[test]
    fn another_process_reads_what_was_written() {
        let mut table = empty();
        // SAFETY: the child only stores to the table and leaves.
        match unsafe { nix::unistd::fork() }.expect("fork") {
            nix::unistd::ForkResult::Child => {
                table.add(Pid(9));
                table.serving(Tid(9), Avma(0x1234));
                // SAFETY: _exit runs no handlers of the parent's copy.
                unsafe { libc::_exit(0) }
            }
            nix::unistd::ForkResult::Parent { child } => {
                crate::process::await_end(Pid(child.as_raw()));
                assert_eq!(found(&table), [(9, false)]);
                assert_eq!(table.table.being_served(), Some((Tid(9), Avma(0x1234))));
                table.served();
                assert_eq!(table.table.being_served(), None);
            }
        }
    }
}
