//! What was to be measured, and of which images everything was measured since they have nothing of that project.

use crate::report::terminal::escape::printable;
use crate::report::terminal::wording::some_of;
use crate::store::{FileFacts, ImageFacts, ProcessRecord};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How many images are named before the others are only counted.
const MOST_NAMED: usize = 3;

/// The scopes of processes: what data files say of them, each with the paths of the images that are measured as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(BTreeMap<String, BTreeSet<String>>);

impl Scopes {
    /// Adds that of a process.
    pub fn add(&mut self, record: &ProcessRecord) {
        let Some(scope) = &record.head.scope else { return };
        if !self.0.contains_key(scope) {
            self.0.insert(scope.clone(), BTreeSet::new());
        }
        let Some(whole) = self.0.get_mut(scope).filter(|_| is_project(scope)) else { return };
        for image in &record.images {
            if !whole.contains(&image.path) && is_outside(image, Path::new(scope)) {
                whole.insert(image.path.clone());
            }
        }
    }

    /// Adds those of other processes.
    pub fn extend(&mut self, others: &Scopes) {
        for (scope, whole) in &others.0 {
            self.0.entry(scope.clone()).or_default().extend(whole.iter().cloned());
        }
    }

    /// All of them in words.
    pub fn in_words(&self) -> Vec<String> {
        self.0.iter().map(|(scope, whole)| in_words(scope, whole)).collect()
    }

    /// Projects in words, but for one of which nothing but its sources was measured.
    pub fn projects_but(&self, here: Option<&Path>) -> Vec<String> {
        let is_told = |(scope, whole): &(&String, &BTreeSet<String>)| {
            is_project(scope) && (!whole.is_empty() || here != Some(Path::new(scope)))
        };
        self.0.iter().filter(is_told).map(|(scope, whole)| in_words(scope, whole)).collect()
    }
}

fn is_project(scope: &str) -> bool {
    scope.starts_with('/')
}

/// Whether an image was measured although it has no source in a project.
fn is_outside(image: &ImageFacts, project: &Path) -> bool {
    let is_inside = |path: &str| Path::new(path).is_relative() || Path::new(path).starts_with(project);
    let has_inside = |file: &FileFacts| is_inside(&file.path) || file.origin.real.as_deref().is_some_and(is_inside);
    !image.files.is_empty() && !image.files.iter().any(has_inside)
}

fn in_words(scope: &str, whole: &BTreeSet<String>) -> String {
    let named = some_of(whole.iter().take(MOST_NAMED).map(|path| printable(path)), whole.len());
    match scope {
        "all" => "everything".to_owned(),
        "chosen" => "what --include or --module name".to_owned(),
        folder if whole.is_empty() => format!("project {}", printable(folder)),
        folder => format!("project {}, and all of {named}", printable(folder)),
    }
}

/// What is to be measured, by what a data file says of it.
pub fn scope_in_words(scope: &str) -> String {
    in_words(scope, &BTreeSet::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{SourceOrigin, sample};
    use std::sync::Arc;

    fn image(path: &str, files: &[&str], real: Option<&str>) -> Arc<ImageFacts> {
        let origin = SourceOrigin { real: real.map(str::to_owned), ..SourceOrigin::default() };
        let file = |path: &&str| FileFacts {
            path: (*path).to_owned(),
            origin: origin.clone(),
            executable: [1].into_iter().collect(),
            functions: Vec::new(),
        };
        Arc::new(ImageFacts { path: path.to_owned(), files: files.iter().map(file).collect(), ..ImageFacts::default() })
    }

    fn record(scope: &str, images: Vec<Arc<ImageFacts>>) -> ProcessRecord {
        let mut record = sample::record();
        record.head.scope = Some(scope.to_owned());
        ProcessRecord { images, ..record }
    }

    #[test]
    fn a_scope_names_the_images_that_were_measured_as_a_whole() {
        let mut scopes = Scopes::default();
        scopes.add(&record("/p", vec![image("/p/prog", &["/x/h.h", "/p/a.c"], None), image("/lib/c.so", &[], None)]));
        scopes
            .add(&record("/p", vec![image("/p/q", &["/link/a.c"], Some("/p/a.c")), image("/p/r", &["src/a.c"], None)]));
        assert_eq!(scopes.in_words(), ["project /p"]);
        assert_eq!(scopes.projects_but(Some(Path::new("/p"))), Vec::<String>::new());
        assert_eq!(scopes.projects_but(None), ["project /p"]);
        for name in ["/bin/w", "/bin/x", "/bin/y", "/bin/w", "/bin/z"] {
            scopes.add(&record("/p", vec![image(name, &["/x/w.c"], None)]));
        }
        let all = ["project /p, and all of /bin/w, /bin/x, /bin/y and 1 more"];
        assert_eq!(scopes.projects_but(Some(Path::new("/p"))), all);
        scopes.add(&record("all", vec![image("/bin/w", &["/x/w.c"], None)]));
        assert_eq!(scopes.projects_but(Some(Path::new("/p"))), all);
        let mut both = Scopes::default();
        both.extend(&scopes);
        assert_eq!(both, scopes);
        assert_eq!(scopes.in_words()[1], "everything");
    }
}
