//! The peak memory of cov-trace's processes, as the kernel keeps it: `VmHWM` of `/proc/PID/status`, read until they end.
//!
//! A process that ends between two looks is known by the one before, so very short runs read a little low.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::Duration;

use serde::Serialize;

/// Peaks in KiB; 0 for a process that was never seen.
#[derive(Default, Serialize)]
pub struct Peaks {
    /// Of the supervisor.
    pub supervisor_kib: u64,
    /// Of the recorder.
    pub recorder_kib: u64,
}

/// Waits for a started cov-trace and returns the peaks of its processes.
///
/// # Errors
/// When it cannot be waited for.
pub fn watch(mut started: Child) -> Result<Peaks, String> {
    let mut peaks = Peaks::default();
    let front = started.id();
    while started.try_wait().map_err(|error| format!("wait for cov-trace: {error}"))?.is_none() {
        look(front, &mut peaks);
        thread::sleep(Duration::from_micros(500));
    }
    Ok(peaks)
}

/// Reads the peaks of `front` and of those of its descendants that are cov-trace's own.
fn look(front: u32, peaks: &mut Peaks) {
    let own: Vec<Process> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Process::read(&entry.path()))
        .collect();
    let mut family = vec![front];
    while let Some(pid) = family.pop() {
        for process in own.iter().filter(|process| process.pid == pid || process.parent == pid) {
            match process.name.as_str() {
                "cov-supervisor" => peaks.supervisor_kib = peaks.supervisor_kib.max(process.peak_kib),
                "cov-recorder" => peaks.recorder_kib = peaks.recorder_kib.max(process.peak_kib),
                _ => {}
            }
            if process.parent == pid {
                family.push(process.pid);
            }
        }
    }
}

/// A process of cov-trace.
struct Process {
    pid: u32,
    parent: u32,
    name: String,
    peak_kib: u64,
}

impl Process {
    /// Reads a directory of /proc, if it is such a process that still runs.
    fn read(directory: &Path) -> Option<Self> {
        let pid = directory.file_name()?.to_str()?.parse().ok()?;
        let status = fs::read_to_string(directory.join("status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let name = field("Name:").filter(|name| name.starts_with("cov-"))?.to_owned();
        let peak_kib = field("VmHWM:")?.split(' ').next()?.parse().ok()?;
        Some(Self { pid, parent: field("PPid:")?.parse().ok()?, name, peak_kib })
    }
}
