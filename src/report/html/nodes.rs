//! The sources as a tree of folders.
//!
//! Invariants: each source is in it once; a folder comes before what is in it; folders that have nothing but one folder
//! are one with it.

use super::page::Page;
use crate::report::model::percent::Ratio;
use crate::report::model::source::SourceState;
use crate::report::terminal::escape::printable;
use std::collections::BTreeMap;

/// Deeper ones are not moved further to the right.
const MAX_DEPTH: usize = 12;

/// A folder or a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// The part of the path that is its own, as shown.
    pub(super) name: String,
    /// The folder that it is in.
    pub(super) parent: Option<usize>,
    /// How far it is moved to the right.
    pub(super) depth: usize,
    /// How many of its lines ran.
    pub(super) lines: Ratio,
    /// How many of its functions ran.
    pub(super) functions: Ratio,
    /// Its page, if it is a source.
    pub(super) page: Option<String>,
    /// Whether its text is what was measured.
    pub(super) source: SourceState,
}

/// Further folders are part of the name of what is in them.
const MAX_FOLDERS: usize = 64;

#[derive(Default)]
struct FolderPage<'a> {
    folders: BTreeMap<&'a str, FolderPage<'a>>,
    pages: BTreeMap<&'a str, Vec<&'a Page<'a>>>,
}

/// The tree of some sources.
pub(super) fn nodes(pages: &[Page<'_>]) -> Vec<Node> {
    let mut root = FolderPage::default();
    for page in pages {
        let mut folder = &mut root;
        let mut rest = page.file.name.as_str();
        for _ in 0..MAX_FOLDERS {
            // A leading slash stays with the first part.
            let Some(at) = rest.char_indices().skip(1).find(|(_, letter)| *letter == '/').map(|(at, _)| at) else {
                break;
            };
            folder = folder.folders.entry(&rest[..at]).or_default();
            rest = &rest[at + 1..];
        }
        folder.pages.entry(rest).or_default().push(page);
    }
    let mut nodes = Vec::with_capacity(pages.len() * 2);
    add(&mut nodes, &root, None, 0);
    nodes
}

fn add(nodes: &mut Vec<Node>, folder: &FolderPage<'_>, parent: Option<usize>, depth: usize) {
    for (name, folder) in &folder.folders {
        let mut name = (*name).to_owned();
        let mut folder = folder;
        while let (true, Some((below, inner))) = (folder.pages.is_empty(), only(&folder.folders)) {
            name = name + "/" + below;
            folder = inner;
        }
        let index = nodes.len();
        nodes.push(Node {
            name: printable(&name).into_owned() + "/",
            parent,
            depth,
            lines: Ratio::default(),
            functions: Ratio::default(),
            page: None,
            source: SourceState::Found,
        });
        add(nodes, folder, Some(index), (depth + 1).min(MAX_DEPTH));
    }
    for (name, pages) in &folder.pages {
        for page in pages {
            let (lines, functions) = (page.file.coverage.ratio(), page.functions_ratio());
            nodes.push(Node {
                name: printable(name).into_owned(),
                parent,
                depth,
                lines,
                functions,
                page: Some(page.path.clone()),
                source: page.file.source,
            });
            let mut above = parent;
            while let Some(index) = above {
                let folder = &mut nodes[index];
                folder.lines = folder.lines + lines;
                folder.functions = folder.functions + functions;
                above = folder.parent;
            }
        }
    }
}

fn only<'a, 'b>(folders: &'b BTreeMap<&'a str, FolderPage<'a>>) -> Option<(&'a str, &'b FolderPage<'a>)> {
    let first = folders.first_key_value()?;
    (folders.len() == 1).then_some((*first.0, first.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::coverage::FileCoverage;
    use crate::report::model::prepared::ReportFile;

    #[test]
    fn sources_stand_in_their_folders() {
        let names = ["/usr/a//b.h", "../x/../y.c", "src/a.c", "src/one/two/b\u{1b}.c", "z.c", "", "/"];
        let files = names.map(|name| ReportFile {
            name: name.to_owned(),
            coverage: FileCoverage { executable: [1].into_iter().collect(), ..FileCoverage::default() },
            ..ReportFile::default()
        });
        let pages: Vec<Page<'_>> = files.iter().enumerate().map(|(index, file)| Page::new(index, file)).collect();
        let nodes = nodes(&pages);
        let shown: Vec<String> = nodes.iter().map(|node| format!("{}{}", " ".repeat(node.depth), node.name)).collect();
        let expected =
            ["../x/../", " y.c", "/usr/a/", " /b.h", "src/", " one/two/", "  b\\u{1b}.c", " a.c", "", "/", "z.c"];
        assert_eq!(shown, expected);
        assert_eq!(nodes[4].lines, Ratio { ran: 0, lines: 2 });
        assert_eq!(nodes.iter().filter(|node| node.page.is_some()).count(), names.len());
    }
}
