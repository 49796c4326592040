//! What a process takes of the machine.

use std::fs;

use serde::Serialize;

/// Memory, descriptors and threads of a process, or of several together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Footprint {
    /// What the kernel calls the first process.
    pub name: String,
    /// How many processes are counted together.
    pub processes: usize,
    /// Resident memory in KiB; shared pages count for each process.
    pub rss_kib: u64,
    /// Open file descriptors.
    pub descriptors: usize,
    /// Threads of all processes.
    pub threads: usize,
}

impl Footprint {
    /// What one process takes now.
    ///
    /// # Errors
    /// When it has ended.
    pub fn of(pid: u32) -> Result<Self, String> {
        let text = |error: std::io::Error| format!("/proc/{pid}: {error}");
        let status = fs::read_to_string(format!("/proc/{pid}/status")).map_err(text)?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or("0");
        let number = |name: &str| field(name).split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
        Ok(Self {
            name: field("Name:").to_owned(),
            processes: 1,
            rss_kib: number("VmRSS:"),
            descriptors: fs::read_dir(format!("/proc/{pid}/fd")).map_err(text)?.count(),
            threads: number("Threads:") as usize,
        })
    }

    /// What a process and all its descendants take now.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn of_family(pid: u32) -> Result<Self, String> {
        let mut all = Self::of(pid)?;
        // Descendants may end in between.
        for other in family(pid).into_iter().skip(1).filter_map(|pid| Self::of(pid).ok()) {
            all.processes += 1;
            all.rss_kib += other.rss_kib;
            all.descriptors += other.descriptors;
            all.threads += other.threads;
        }
        Ok(all)
    }
}

/// Of which processes processor time is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Of one process alone.
    Alone,
    /// Of a process and all its descendants, also those that have ended.
    WithDescendants,
}

/// The seconds of processor time that a process has used.
///
/// # Errors
/// When the process has ended.
pub fn cpu_seconds(pid: u32, counted: Counted) -> Result<f64, String> {
    // Fields 14 and 15 of proc_pid_stat(5) are its own times, 16 and 17 those of its children that have ended.
    let (fields_of_time, all) = match counted {
        Counted::Alone => (2, vec![pid]),
        Counted::WithDescendants => (4, family(pid)),
    };
    let ticks = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(fields_of_time);
        Some(fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>())
    };
    let own = ticks(pid).ok_or(format!("process {pid} has ended"))?;
    // USER_HZ is 100 wherever Linux runs.
    Ok((own + all.into_iter().skip(1).filter_map(ticks).sum::<f64>()) / 100.0)
}

/// A process and all its descendants.
pub fn family(pid: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all: Vec<(u32, u32)> = entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((pid, stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?))
        })
        .collect();
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(all.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| pid));
        next += 1;
    }
    family
}
