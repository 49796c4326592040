//! The coverage as a static site, read from files without a server or a network.
//!
//! Invariants: names, paths and texts of what was measured are data wherever they stand, never markup, scripts or names
//! of files; equal records give equal pages.

mod assets;
mod context_data;
mod context_pages;
mod curve;
mod filters;
mod folder;
mod line;
mod nodes;
mod overview;
mod page;
mod process;
mod runners;
mod script;
mod source;

pub use folder::SiteError;
pub use runners::Runners;

use crate::report::model::growth::{Growth, GrowthRows};
use crate::report::model::prepared::Report;
use crate::report::model::shared_sets::Contexts;
use crate::report::terminal::tree::Now;
use crate::store::RunLabels;
use askama::Template;
use context_data::ContextNames;
use folder::OutputFolder;
use page::Page;
use platform::Trust;
use rayon::prelude::*;
use std::num::NonZeroUsize;
use std::path::Path;

/// What a site shows.
#[derive(Debug)]
pub struct HtmlSite<'a> {
    /// What it calls what was measured. Hostile text, as all names are.
    pub title: String,
    /// The sources with what ran of them.
    pub report: &'a Report,
    /// Who ran what, of the same processes.
    pub runners: &'a Runners<'a>,
    /// The labels of the runs.
    pub labels: &'a RunLabels,
    /// What ran in which context, of the sources of the report.
    pub contexts: &'a Contexts,
    /// How it grew.
    pub growth: &'a Growth<'a>,
    /// When it is written.
    pub now: &'a Now,
}

/// Points of a curve.
const POINTS: NonZeroUsize = NonZeroUsize::new(200).expect("invariant: it is not zero");

impl HtmlSite<'_> {
    /// Writes the site to a folder, in place of one that was written before.
    ///
    /// # Errors
    /// If the folder holds anything else, or cannot be written. What was there before is there still then.
    pub fn write(&self, path: &Path, trust: Trust) -> Result<(), SiteError> {
        let folder = OutputFolder::new(path, trust)?;
        let pages: Vec<Page<'_>> = {
            let files = self.report.files.par_iter().enumerate();
            files.map(|(index, file)| Page::new(index, file)).collect()
        };
        pages.par_iter().try_for_each(|page| folder.write(&page.path, &source::page(self, page)))?;
        for (name, text) in assets::all() {
            folder.write(name, &text)?;
        }
        if self.contexts.have_labels() {
            let names = ContextNames::of(self.contexts);
            context_data::write(self, &pages, &names, &folder)?;
            folder.write("contexts.html", &context_pages::table(self, &names))?;
            folder.write("context.html", &context_pages::single(self))?;
        }
        folder.write("processes.js", &process::script(self.runners.processes()))?;
        folder.write("processes.html", &process::page(self))?;
        let curves = self.growth.curves(GrowthRows::AtMost(POINTS));
        folder.write("index.html", &overview::page(self, &pages, &curves))?;
        folder.finish()
    }
}

fn rendered(template: &impl Template) -> String {
    template.render().expect("invariant: writing to a string does not fail")
}
