//! ELF and DWARF to an [`ImageIndex`]: pure for given bytes, never panicking on hostile input.
//!
//! ```text
//! elf ──► text, symbols ──┐         ┌── entries: tables, landing pads
//! frames (FDEs) ──────────┼──► code ◄┘──► sites ──► probes, lines
//! units ──► rows, paths ──┤      │└─ flow ─┴─► dominance
//!                         │      └──────► landmarks
//!       └─► subprograms ──┴─► entities ─► functions, owners
//! ```
//!
//! Invariant: time and memory are bounded by a multiple of the size of the bytes, whatever they contain (`error::Budget`).

mod code;
mod error;
mod index;
mod lines;
mod reading;
mod shortfall;

pub use error::IndexError;
pub use index::{FileOffset, Function, ImageIndex, Landmark, LandmarkKind, Line, Probe, Svma};

pub use crate::warning::Warning;

use code::decoded::Code;
use code::landmarks::Candidate;
use error::Budget;
use lines::sites::Site;
use rayon::slice::ParallelSliceMut;
use reading::elf::Elf;
use reading::paths::DescribedFile;
use reading::sections::DebugSections;
use reading::text::Text;
use shortfall::Shortfalls;

/// Reads everything that cov-trace wants to know of an image from the bytes of its file.
///
/// A file without debug information gives an index without lines, which may still have landmarks. What could not be used
/// is reported by the index's warnings.
///
/// # Errors
/// If the bytes are no ELF file for this CPU, if its headers are malformed, or if its tables are made to waste time.
pub fn index(bytes: &[u8]) -> Result<ImageIndex, IndexError> {
    index_in_steps(bytes, &|| ())
}

/// The same; calls `step_done` when another large part of the bytes has been read and will not be read again.
///
/// # Errors
/// As [`index`](fn@index).
pub(crate) fn index_in_steps(bytes: &[u8], step_done: &dyn Fn()) -> Result<ImageIndex, IndexError> {
    let elf = Elf::parse(bytes)?;
    let text = elf.text();
    let (mut shortfalls, mut of_frames) = (Shortfalls::default(), Shortfalls::default());
    let sections = DebugSections::load(&elf, &mut shortfalls);
    let mut budget = Budget::for_bytes(bytes.len().saturating_add(sections.size));
    let (described, mut frames) = rayon::join(
        || reading::units::read(&sections, &text, &mut budget.share(), &mut shortfalls),
        || code::frames::read(&elf, &mut of_frames),
    );
    let mut described = described?;
    step_done();
    shortfalls.extend(&of_frames);

    let mut ranges = std::mem::take(&mut frames.functions);
    ranges.extend(elf.functions().map(|f| (f.start, Svma(f.start.0.saturating_add(f.size)))));
    ranges.extend(described.subprograms.iter().flat_map(|s| &s.ranges));
    let candidates = code::landmarks::candidates(&elf, &text, &mut budget)?;
    // Without lines nobody asks where control may go.
    let code = if described.rows.is_empty() {
        around(&candidates, ranges, &text, &mut budget)?
    } else {
        let mut code = Code::decode(ranges, code::entries::habits(&elf), &text, &mut budget)?;
        code::entries::enter(&mut code, &elf, &text, &frames, &mut budget)?;
        code
    };

    let sites = lines::sites::plan(std::mem::take(&mut described.rows), &code, &text, &mut shortfalls);
    let dominance = code::implied::dominance(&sites, &code);
    let landmarks = code::landmarks::find(&candidates, &elf, &code, &text, &mut shortfalls);
    let (files, place) = used_files(std::mem::take(&mut described.paths).into_order(), &sites);
    let (files, digests) = files.into_iter().unzip();
    let (lines, probes) = number_lines(&sites, &place);
    let (functions, owners) = lines::functions::name(&described, &elf, &sites, &place, &lines, &mut budget)?;
    budget.settle()?;
    let warnings = shortfalls.into_warnings();
    let build_id = elf.build_id();
    Ok(ImageIndex { build_id, files, digests, lines, functions, owners, probes, dominance, landmarks, warnings })
}

/// Reads no more of an image than its landmarks: of one that is not measured nothing else is wanted.
///
/// # Errors
/// As [`index`](fn@index).
pub fn landmarks(bytes: &[u8]) -> Result<ImageIndex, IndexError> {
    let elf = Elf::parse(bytes)?;
    let text = elf.text();
    let mut shortfalls = Shortfalls::default();
    let mut budget = Budget::for_bytes(bytes.len());
    let mut ranges = code::frames::read(&elf, &mut shortfalls).functions;
    ranges.extend(elf.functions().map(|f| (f.start, Svma(f.start.0.saturating_add(f.size)))));
    let candidates = code::landmarks::candidates(&elf, &text, &mut budget)?;
    let code = around(&candidates, ranges, &text, &mut budget)?;
    let landmarks = code::landmarks::find(&candidates, &elf, &code, &text, &mut shortfalls);
    budget.settle()?;
    let warnings = shortfalls.into_warnings();
    Ok(ImageIndex { build_id: elf.build_id(), landmarks, warnings, ..ImageIndex::default() })
}

/// No more of the code than what tells whether candidates are instructions.
fn around(
    candidates: &[Candidate],
    functions: Vec<(Svma, Svma)>,
    text: &Text<'_>,
    budget: &mut Budget,
) -> Result<Code, IndexError> {
    let places: Vec<Svma> = candidates.iter().map(|candidate| candidate.at).collect();
    Code::decode_around(&places, functions, text, budget)
}

/// Whether an image brings a leak checker along (LeakSanitizer, alone or in AddressSanitizer), or is linked to one.
pub(crate) fn has_leak_checker(bytes: &[u8]) -> bool {
    let names = ["libasan.so", "liblsan.so", "libclang_rt.asan", "libclang_rt.lsan", "__lsan_do_leak_check"];
    let holds = |section: &[u8]| names.iter().any(|name| memchr::memmem::find(section, name.as_bytes()).is_some());
    Elf::parse(bytes).is_ok_and(|elf| {
        [".dynstr", ".strtab"].iter().any(|strings| elf.section_data(strings).is_some_and(|strings| holds(&strings)))
    })
}

/// The paths that have sites, sorted, and for every path its place among them.
fn used_files(mut paths: Vec<DescribedFile>, sites: &[Site]) -> (Vec<DescribedFile>, Vec<u32>) {
    let mut used = vec![false; paths.len()];
    for site in sites {
        used[site.file.0 as usize] = true;
    }
    let mut order: Vec<usize> = (0..paths.len()).filter(|i| used[*i]).collect();
    order.sort_unstable_by(|a, b| paths[*a].cmp(&paths[*b]));
    let mut place = vec![u32::MAX; paths.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old] = new as u32;
    }
    (order.into_iter().map(|old| std::mem::take(&mut paths[old])).collect(), place)
}

/// The lines that have sites, and the sites as probes of these lines, both sorted.
fn number_lines(sites: &[Site], place: &[u32]) -> (Vec<Line>, Vec<Probe>) {
    // One number each, file before line before site, because numbers are sorted fastest.
    let key = |(site, i): (&Site, u32)| {
        u128::from(place[site.file.0 as usize]) << 64 | u128::from(site.line) << 32 | u128::from(i)
    };
    let mut by_line: Vec<u128> = sites.iter().zip(0..).map(key).collect();
    by_line.par_sort_unstable();
    let mut lines: Vec<Line> = Vec::new();
    let mut probes: Vec<Probe> =
        sites.iter().map(|s| Probe { offset: s.offset, line: 0, original: s.original, straight: s.straight }).collect();
    for key in by_line {
        let line = Line { file: (key >> 64) as u32, number: (key >> 32) as u32 };
        if lines.last() != Some(&line) {
            lines.push(line);
        }
        probes[key as u32 as usize].line = lines.len() as u32 - 1;
    }
    // Addresses order offsets too, unless segments are stored in another order than they are loaded.
    probes.sort_by_key(|probe| probe.offset);
    (lines, probes)
}
