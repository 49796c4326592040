//! What an image knows of one line, and what became of that: for those who miss it in a report.

use super::code;
use super::code::decoded::Code;
use super::error::{Budget, IndexError};
use super::index::Svma;
use super::lines::sites::{self, Site};
use super::reading::elf::{Elf, FunctionSymbol};
use super::reading::line_rows::LineRows;
use super::reading::names;
use super::reading::paths::{DescribedFile, FileId};
use super::reading::rows::{Claim, Evidence, Row};
use super::reading::sections::DebugSections;
use super::reading::survey::Survey;
use super::reading::text::Text;
use super::reading::units;
use super::shortfall::Shortfalls;
use super::sited::{Parts, Sited};
use crate::warning::Warning;
use platform::arch::NOP;
use std::collections::{BTreeMap, BTreeSet, HashSet};

pub use super::reading::line_rows::TableRow;

/// What an image knows of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineAccount {
    /// The GNU build-id in lower-case hexadecimal.
    pub build_id: Option<String>,
    /// The paths of the sources that were meant, as the debug info gives them; none if it names no such source.
    pub sources: Vec<String>,
    /// The rows of the line, by address.
    pub rows: Vec<RowAccount>,
    /// What else tells of the line, or might have, by address.
    pub others: Vec<OtherEvidence>,
    /// The nearest lines before and behind that have rows.
    pub near: [Option<u32>; 2],
}

/// A row of the line, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowAccount {
    /// As it is in the table.
    pub row: TableRow,
    /// The demangled name of the function around it.
    pub function: Option<String>,
    /// What became of it.
    pub fate: RowFate,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowFate {
    /// The line ran if the instruction at this address did.
    Tells(Svma),
    /// Another line has the same address, and counts there.
    OfAnotherLine {
        /// The path of its source.
        source: String,
        /// Its number.
        line: u32,
    },
    /// It has no instruction of its own, and control also comes to the next one without passing it.
    Joined,
    /// It has no instruction of its own, and the next row is one of the same line.
    Repeated,
    /// It begins no statement; such rows count where no statement of the line has code, and no compiler moves them.
    NoStatement,
    /// The linker discarded the code.
    Discarded,
    /// There can be no breakpoint.
    Unusable(Warning),
}

/// What tells of a line besides its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherEvidence {
    /// Where it is.
    pub address: Svma,
    /// The demangled name of the function around it.
    pub function: Option<String>,
    /// Why it tells of the line.
    pub kind: EvidenceKind,
}

/// Why an address tells of a line of which no row begins there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceKind {
    /// A function that was inlined begins there, and the line calls or declares it.
    Inlined,
    /// The same, and control also comes there without entering the function: it tells nothing.
    InlinedAndJoined,
    /// It is in a row of the line, where control comes in from elsewhere, or of which nothing is moved.
    Within,
}

/// Gives account of a line of those sources that are meant.
///
/// # Errors
/// As [`index`](fn@super::index).
pub fn line_account(bytes: &[u8], is_meant: &dyn Fn(&str) -> bool, line: u32) -> Result<LineAccount, IndexError> {
    let elf = Elf::parse(bytes)?;
    let text = elf.text();
    let mut shortfalls = Shortfalls::default();
    let sections = DebugSections::load(&elf, &mut shortfalls);
    let mut budget = Budget::for_bytes(bytes.len().saturating_add(sections.size));
    let mut survey = Survey::of(&sections, &mut budget, &mut shortfalls, &|| ())?;
    let named = survey.named(&mut budget, &|| ())?;
    let wanted: Vec<bool> = named.paths.iter().map(|path| is_meant(path)).collect();
    let build_id = elf.build_id();
    if !wanted.contains(&true) {
        return Ok(LineAccount { build_id, ..LineAccount::default() });
    }
    let is_part = survey.narrow(&named, &wanted);
    let LineRows { sources, rows, before, behind } = LineRows::find(&survey, is_meant, line, &mut budget)?;
    let mut described = units::read(survey, &text, &mut budget, &mut shortfalls, &|| ())?;
    let paths = std::mem::take(&mut described.paths).into_order();
    let is_meant: Vec<bool> = paths.iter().map(|(path, _)| is_meant(path)).collect();
    let is_asked = |file: FileId, number: u32| number == line && is_meant[file.0 as usize];
    let claims = described.claims.iter().filter(|claim| is_asked(claim.file, claim.line));
    let claims: Vec<Claim> = claims.copied().collect();
    let frames = code::frames::read(&elf, &mut shortfalls);
    let parts = Parts { elf: &elf, text: &text, described: &mut described, frames, candidates: &[], is_part };
    let Sited { code, sites, shared } = parts.sited(&mut budget, &mut shortfalls, &|| ())?;
    budget.settle()?;

    let own = sites.iter().filter(|site| is_asked(site.file, site.line)).map(|site| site.address);
    let also = shared.iter().filter(|told| is_asked(told.file, told.line)).map(|told| told.address);
    let mut told: Vec<Svma> = own.chain(also).collect();
    told.sort_unstable();
    let judge = Judge { text: &text, code: &code, sites: &sites, told: &told, paths: &paths, line };
    let fates: Vec<RowFate> = rows.iter().map(|row| judge.fate(row)).collect();
    let others = others(&claims, &rows, &fates, &told);
    let functions = FunctionNames::of(&elf);
    let mut name = |address| functions.around(address, &mut budget);
    let rows = rows.into_iter().zip(fates);
    let rows = rows.map(|(row, fate)| Ok(RowAccount { function: name(row.address)?, row, fate }));
    let rows = rows.collect::<Result<_, IndexError>>()?;
    let others = others.into_iter();
    let others = others.map(|(address, kind)| Ok(OtherEvidence { address, function: name(address)?, kind }));
    let others = others.collect::<Result<_, IndexError>>()?;
    Ok(LineAccount { build_id, sources: sources.into_iter().collect(), rows, others, near: [before, behind] })
}

/// Says what became of the rows of a line.
struct Judge<'j> {
    text: &'j Text<'j>,
    code: &'j Code,
    sites: &'j [Site],
    /// The addresses that tell of the line, sorted.
    told: &'j [Svma],
    paths: &'j [DescribedFile],
    line: u32,
}

impl Judge<'_> {
    fn fate(&self, row: &TableRow) -> RowFate {
        // Of these nobody has counted yet how many `nop`s they begin with.
        if row.is_discarded {
            return RowFate::Discarded;
        }
        if let Some(told) = self.told_by(row) {
            return RowFate::Tells(told);
        }
        if !row.is_statement {
            return RowFate::NoStatement;
        }
        let of_line = Row { address: row.address, file: FileId(0), line: self.line, len: 0 };
        if let Some(shortfall) = sites::refusal(&of_line, self.code, self.text) {
            return RowFate::Unusable(shortfall.warning());
        }
        if row.len == 0 && self.code.is_joined(row.address) {
            return RowFate::Joined;
        }
        match self.sites.binary_search_by_key(&row.address, |site| site.address) {
            Ok(at) if row.len > 0 => {
                let Site { file, line, .. } = self.sites[at];
                RowFate::OfAnotherLine { source: self.paths[file.0 as usize].0.clone(), line }
            }
            Ok(_) | Err(_) => RowFate::Repeated,
        }
    }

    /// The address by which a row tells of the line: its own, or the one behind the `nop`s that it begins with.
    fn told_by(&self, row: &TableRow) -> Option<Svma> {
        let first = *self.told.get(self.told.partition_point(|told| *told < row.address))?;
        let is_nop = |address| {
            let range = self.text.range_at(Svma(address));
            range.is_some_and(|range| self.text.byte_at(range.offset_of(Svma(address))) == NOP)
        };
        let is_in_row = row.is_statement && first.0 - row.address.0 < row.len;
        (first == row.address || is_in_row && (row.address.0..first.0).all(is_nop)).then_some(first)
    }
}

/// What else tells of the line than its rows, which are in order of address, or would if control did not come there in other ways, too.
fn others(claims: &[Claim], rows: &[TableRow], fates: &[RowFate], told: &[Svma]) -> BTreeMap<Svma, EvidenceKind> {
    let mut others = BTreeMap::new();
    let is_row = |address: Svma| rows.binary_search_by_key(&address, |row| row.address).is_ok();
    for claim in claims.iter().filter(|claim| !is_row(claim.address)) {
        match claim.by {
            // Inlined code of which GCC may have made one with other code claims no more than a statement.
            Evidence::Inlined | Evidence::Passing => {
                let tells = told.binary_search(&claim.address).is_ok();
                let kind = if tells { EvidenceKind::Inlined } else { EvidenceKind::InlinedAndJoined };
                others.insert(claim.address, kind);
            }
            Evidence::Within(_) => {}
        }
    }
    let of_rows: HashSet<Svma> = fates.iter().filter_map(RowFate::address).collect();
    for address in told.iter().filter(|address| !of_rows.contains(address)) {
        others.entry(*address).or_insert(EvidenceKind::Within);
    }
    others
}

impl RowFate {
    /// The address by which the row tells of the line.
    pub fn address(&self) -> Option<Svma> {
        match self {
            RowFate::Tells(address) => Some(*address),
            RowFate::OfAnotherLine { .. }
            | RowFate::Joined
            | RowFate::Repeated
            | RowFate::NoStatement
            | RowFate::Discarded
            | RowFate::Unusable(_) => None,
        }
    }
}

impl LineAccount {
    /// The addresses whose execution tells that the line ran.
    pub fn told(&self) -> BTreeSet<Svma> {
        let others = self.others.iter().filter(|other| other.kind != EvidenceKind::InlinedAndJoined);
        self.rows.iter().filter_map(|row| row.fate.address()).chain(others.map(|other| other.address)).collect()
    }
}

/// The functions of the symbol tables.
struct FunctionNames<'a>(Vec<(Svma, FunctionSymbol<'a>)>);

impl<'a> FunctionNames<'a> {
    fn of(elf: &Elf<'a>) -> FunctionNames<'a> {
        let mut functions: Vec<_> = elf.functions().map(|function| (function.start, function)).collect();
        functions.sort_by_key(|(start, _)| *start);
        FunctionNames(functions)
    }

    /// The name of the last one that begins before an address, and goes at least to there.
    fn around(&self, address: Svma, budget: &mut Budget) -> Result<Option<String>, IndexError> {
        let after = self.0.partition_point(|(start, _)| *start <= address);
        let function = self.0[..after].last().filter(|(start, function)| address.0 - start.0 < function.size);
        function.map(|(_, function)| names::demangle(function.name(usize::MAX), budget)).transpose()
    }
}
