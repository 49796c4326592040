//! Where the lines of an image are in its code: from what its debug information describes to sites.

use super::code;
use super::code::decoded::Code;
use super::code::frames::Frames;
use super::code::landmarks::Candidate;
use super::error::{Budget, IndexError};
use super::index::Svma;
use super::lines::evidence::{self, Told};
use super::lines::sites::{self, Site};
use super::reading::elf::Elf;
use super::reading::rows::{Claim, Row};
use super::reading::text::Text;
use super::reading::units::Described;
use super::shortfall::Shortfalls;

/// What is known of an image before its code is looked at.
pub(super) struct Parts<'p, 'a> {
    pub(super) elf: &'p Elf<'a>,
    pub(super) text: &'p Text<'a>,
    /// What its units describe; rows and claims are taken out of it.
    pub(super) described: &'p mut Described<'a>,
    pub(super) frames: Frames,
    /// Where landmarks may be.
    pub(super) candidates: &'p [Candidate],
    /// Whether only some of the units were read, so that most of the code matters to nobody.
    pub(super) is_part: bool,
}

/// The code of an image, and where its lines are in it.
pub(super) struct Sited {
    pub(super) code: Code,
    pub(super) sites: Vec<Site>,
    /// The other lines of which these tell, in order of address.
    pub(super) shared: Vec<Told>,
}

impl Parts<'_, '_> {
    /// Decodes the code, and finds the sites.
    ///
    /// # Errors
    /// If the budget is used up.
    pub(super) fn sited(
        mut self,
        budget: &mut Budget,
        shortfalls: &mut Shortfalls,
        step_done: &(dyn Fn() + Sync),
    ) -> Result<Sited, IndexError> {
        let mut ranges = std::mem::take(&mut self.frames.functions);
        ranges.extend(functions_of_symbols(self.elf));
        ranges.extend(&self.described.functions.ranges);
        let rows = sites::in_order(std::mem::take(&mut self.described.rows), shortfalls);
        let claims = std::mem::take(&mut self.described.claims);
        // Without lines nobody asks where control may go.
        let code = if rows.is_empty() && claims.is_empty() {
            around(self.candidates, ranges, self.text, budget)?
        } else {
            let habits = code::entries::habits(self.elf);
            let mut code = if self.is_part {
                let places = places(&rows, &claims, self.candidates);
                Code::decode_with(&places, ranges, habits, self.text, budget, step_done)?
            } else {
                Code::decode(ranges, habits, self.text, budget, step_done)?
            };
            code::entries::enter(&mut code, self.elf, self.text, &self.frames, budget)?;
            code
        };
        drop(self.frames);
        let (rows, mut shared) = evidence::add(rows, claims, &code, budget)?;
        let sites = sites::plan(&rows, &code, self.text, shortfalls);
        sites::keep_known(&mut shared, &sites);
        Ok(Sited { code, sites, shared })
    }
}

/// Begin and end of the functions that have symbols.
pub(super) fn functions_of_symbols(elf: &Elf<'_>) -> impl Iterator<Item = (Svma, Svma)> {
    elf.functions().map(|function| (function.start, Svma(function.start.0.saturating_add(function.size))))
}

/// The addresses of rows, claims and candidates, sorted.
fn places(rows: &[Row], claims: &[Claim], candidates: &[Candidate]) -> Vec<Svma> {
    let mut places: Vec<Svma> = rows.iter().map(|row| row.address).collect();
    places.extend(claims.iter().map(|claim| claim.address));
    places.extend(candidates.iter().map(|candidate| candidate.at));
    places.sort();
    places
}

/// No more of the code than what tells whether candidates are instructions.
pub(super) fn around(
    candidates: &[Candidate],
    functions: Vec<(Svma, Svma)>,
    text: &Text<'_>,
    budget: &mut Budget,
) -> Result<Code, IndexError> {
    let places: Vec<Svma> = candidates.iter().map(|candidate| candidate.at).collect();
    Code::decode_around(&places, functions, text, budget)
}
