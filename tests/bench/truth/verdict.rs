//! What the comparisons come to: prints them and decides whether the truth was told.

use std::path::Path;
use std::process::ExitCode;

use crate::causes::Causes;
use crate::compare::{Comparison, Sources};
use crate::lines::{Lines, Place};
use crate::record::Record;
use crate::subject::Shown;

/// The least agreement with gcov, in percent of the lines that both know.
const LEAST_AGREEMENT: f64 = 99.99;

/// Lines that optimized code runs and that did not run without optimization, because compilers merge what is alike, in
/// percent of those that ran.
const MOST_MOVED: f64 = 0.5;

/// How many lines of one finding are printed.
const LISTED: usize = 60;

/// gcov's lines for two builds that differ in the compiler's end-of-life markers alone.
pub struct Gcov {
    pub plain: Lines,
    pub unmarked: Lines,
}

/// The findings so far.
pub struct Verdict {
    causes: Causes,
    failures: Vec<String>,
}

impl Verdict {
    /// Nothing compared yet.
    pub fn new() -> Self {
        Self { causes: Causes::read(), failures: Vec::new() }
    }

    /// Prints cov-trace's lines against gcov's; `record` has the last word on a line on which they differ.
    pub fn against_gcov(&mut self, program: &str, directory: &Path, ours: &Lines, gcov: &Gcov, record: &Lines) {
        let mut sources = Sources::new(directory);
        let comparison = Comparison::new(ours, &gcov.plain);
        println!("\n{program} -O0: cov-trace against gcov");
        println!(
            "  both know {} lines, {} agree ({:.4} %)",
            comparison.both_know(),
            comparison.agree,
            comparison.percent()
        );
        println!("  cov-trace alone says run: {}", comparison.only_first_ran.len());
        for place in &comparison.only_first_ran {
            self.explain(program, &mut sources, place, heard(record, place));
            if record.get(place) != Some(&true) {
                self.failures
                    .push(format!("{program}: {}:{} is reported as run and never was", place.file, place.line));
            }
        }
        // What no instruction says and what gcov itself takes back without the markers is gcov's own error.
        let marker = |place: &&Place| gcov.unmarked.get(place) != Some(&true) && record.get(place) == Some(&false);
        let (markers, others): (Vec<_>, Vec<_>) = comparison.only_second_ran.iter().partition(marker);
        println!("  gcov alone says run, not executed, the line of an end-of-life marker: {}", markers.len());
        for place in &markers {
            println!("    {}:{}: {}", place.file, place.line, sources.text(place));
        }
        println!("  gcov alone says run, else: {}", others.len());
        for place in &others {
            self.explain(program, &mut sources, place, heard(record, place));
        }
        let percent = 100.0 * comparison.agree as f64 / (comparison.both_know() - markers.len()).max(1) as f64;
        println!("  agreement without gcov's markers: {percent:.4} %");
        if percent < LEAST_AGREEMENT {
            self.failures.push(format!("{program}: {percent:.4} % agree with gcov"));
        }
        for (heading, places) in [
            ("cov-trace alone knows", &comparison.only_first_knows),
            ("gcov alone knows", &comparison.only_second_knows),
        ] {
            println!("  {heading} {} lines: {}", places.len(), sources.kinds(places));
        }
    }

    /// Prints cov-trace's lines against those whose instructions were executed: they must be equal.
    pub fn against_record(&mut self, program: &str, directory: &Path, ours: &Lines, record: &Record) {
        let mut sources = Sources::new(directory);
        let comparison = Comparison::new(ours, &record.lines);
        let ran = record.lines.values().filter(|&&ran| ran).count();
        println!("\n{program}: cov-trace against a record of every executed instruction");
        println!("  both know {} lines, {} agree, {ran} ran", comparison.both_know(), comparison.agree);
        if !record.sharing.is_empty() {
            println!(
                "  {} more lines start only where another line's instruction does, {} of them reached",
                record.sharing.len(),
                record.sharing.values().filter(|&&ran| ran).count()
            );
        }
        let of = |places: &[(Place, bool)], ran| {
            let chosen = places.iter().filter(|(_, other)| *other == ran);
            chosen.map(|(place, _)| place.clone()).collect::<Vec<_>>()
        };
        let is_reached = |place: &Place| record.reached.contains(place) || record.heads.contains(&place.line);
        let without_reached =
            |places: Vec<Place>| places.into_iter().filter(|place| !is_reached(place)).collect::<Vec<_>>();
        for (finding, places) in [
            ("reported and not reached", without_reached(comparison.only_first_ran)),
            ("executed and not reported", comparison.only_second_ran),
            ("not in the line table, reported as run", without_reached(of(&comparison.only_first_knows, true))),
            ("unknown to cov-trace, executed", of(&comparison.only_second_knows, true)),
            ("unknown to cov-trace", of(&comparison.only_second_knows, false)),
        ] {
            self.explain_all(program, &mut sources, &places, finding);
        }
    }

    /// Prints what is known of the optimized build of the lines that ran in another one, which is not; `unoptimized` is the
    /// record of that.
    pub fn against_unoptimized(&mut self, program: &str, ours: &Lines, unoptimized: &Lines) {
        let ran: Vec<&Place> = unoptimized.iter().filter(|(_, ran)| **ran).map(|(place, _)| place).collect();
        let listed = ran.iter().filter(|place| ours.contains_key(place)).count();
        let reported = ran.iter().filter(|place| ours.get(place) == Some(&true)).count();
        let is_false = |(place, ran): &(&Place, &bool)| **ran && unoptimized.get(place) == Some(&false);
        let wrong: Vec<&Place> = ours.iter().filter(is_false).map(|(place, _)| place).collect();
        let percent = |count: usize| 100.0 * count as f64 / ran.len().max(1) as f64;
        println!("\n{program} -O2 against what ran at -O0: {} lines", ran.len());
        println!("  listed: {:.1} %", percent(listed));
        println!("  reported as run: {:.1} %; as missed: {:.2} %", percent(reported), percent(listed - reported));
        let share = percent(wrong.len());
        println!("  reported as run and not run at -O0: {} ({share:.2} %)", wrong.len());
        if share > MOST_MOVED {
            self.failures.push(format!("{program}: {share:.2} % of the lines did not run at -O0"));
        }
    }

    /// Notes whether the traced program showed what the bare one did.
    pub fn same_behaviour(&mut self, run: &str, bare: &Shown, traced: &Shown) {
        if bare != traced {
            let what = [
                (bare.status != traced.status).then_some("status"),
                (bare.stdout != traced.stdout).then_some("stdout"),
                (bare.stderr != traced.stderr).then_some("stderr"),
            ];
            let what: Vec<_> = what.into_iter().flatten().collect();
            println!("\n{run}: differs from the bare run in {}", what.join(", "));
            self.failures.push(format!("{run}: differs from the bare run in {}", what.join(", ")));
        }
    }

    /// Prints the failures, if any.
    pub fn conclude(self) -> ExitCode {
        if self.failures.is_empty() {
            println!("\nEvery difference has a known cause.");
            return ExitCode::SUCCESS;
        }
        println!("\n{} failures", self.failures.len());
        for failure in self.failures {
            println!("  {failure}");
        }
        ExitCode::FAILURE
    }

    /// Prints the first of many lines with one finding; the ones without a known cause are one failure.
    fn explain_all(&mut self, program: &str, sources: &mut Sources, places: &[Place], finding: &str) {
        let before = self.failures.len();
        for place in places.iter().take(LISTED) {
            self.explain(program, sources, place, finding);
        }
        if places.len() > LISTED {
            println!("    and {} more ({finding})", places.len() - LISTED);
        }
        if self.failures.len() > before || places.len() > LISTED {
            self.failures.truncate(before);
            self.failures.push(format!("{program}: {} lines {finding}", places.len()));
        }
    }

    fn explain(&mut self, program: &str, sources: &mut Sources, place: &Place, finding: &str) {
        let text = sources.text(place);
        let cause = self.causes.of(program, place, &text);
        println!("    {}:{} ({finding}): {text}\n      {}", place.file, place.line, cause.unwrap_or("no known cause"));
        if cause.is_none() {
            self.failures.push(format!("{program}: {}:{} {finding}", place.file, place.line));
        }
    }
}

/// What the record of instructions says of a line.
fn heard(record: &Lines, place: &Place) -> &'static str {
    match record.get(place) {
        Some(true) => "executed",
        Some(false) => "not executed",
        None => "no code",
    }
}
