//! What the sources of an image are at the time of measuring: where they are, and a digest of their text, so that a report
//! never takes the lines of one text for those of another.
//!
//! Invariant: a digest counts as that of what the image was built from only if the debug info says so, or if the source
//! was last changed before the image was.

use super::real_folders::RealFolders;
use crate::cache::Digests;
use crate::store::{Digest, SourceOrigin};
use platform::procfs;
use rayon::prelude::*;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A moment: seconds and nanoseconds since the epoch.
type Moment = (i64, i64);

/// A source to be found.
pub(super) struct WantedSource<'a> {
    /// As the debug info calls it.
    pub path: &'a str,
    /// MD5 of its text, if the debug info has it.
    pub digest: Option<[u8; 16]>,
    /// Its last line that has code.
    pub last_line: u32,
}

/// An image whose sources are looked for.
pub(super) struct Finder<'d> {
    /// Where relative paths may be: the folder of the image and those above, then the working directory.
    bases: Vec<PathBuf>,
    image: Times,
    digests: &'d Digests,
    folders: RealFolders,
}

#[derive(Clone, Copy)]
struct Times {
    modified: Moment,
    changed: Moment,
}

/// How a path is known at which a source may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The debug info says so.
    Named,
    /// It is one of several at which a relative path may lead to the source; something else may be there.
    Guessed,
}

impl<'d> Finder<'d> {
    /// For an image at a path; `image` is what its file was like before it was read.
    pub fn new(path: &str, image: &Metadata, digests: &'d Digests) -> Self {
        let above = Path::new(path).ancestors().skip(1).filter(|folder| folder.has_root());
        let bases = above.map(Path::to_owned).chain(std::env::current_dir().ok()).collect();
        let image = Times { modified: modified(image), changed: changed(image) };
        Finder { bases, image, digests, folders: RealFolders::default() }
    }

    /// What each of the sources is.
    pub fn find(&self, wanted: &[WantedSource<'_>]) -> Vec<SourceOrigin> {
        wanted.par_iter().map(|wanted| self.origin(wanted)).collect()
    }

    fn origin(&self, wanted: &WantedSource<'_>) -> SourceOrigin {
        let described = || wanted.digest.map_or(Digest::Unknown, Digest::Built);
        let path = Path::new(wanted.path);
        let found = if path.has_root() {
            self.at(path, wanted, Place::Named)
        } else {
            // One file of that name is as good as another, unless what is known of it tells otherwise.
            self.bases.iter().find_map(|base| self.at(&base.join(path), wanted, Place::Guessed))
        };
        found.unwrap_or_else(|| SourceOrigin { digest: described(), ..SourceOrigin::default() })
    }

    /// The source at a path; at a guessed one only what fits what is known of it.
    fn at(&self, path: &Path, wanted: &WantedSource<'_>, place: Place) -> Option<SourceOrigin> {
        let file = fs::metadata(path).ok().filter(Metadata::is_file)?;
        let real = self.real(path).filter(|real| !procfs::holds(real))?;
        let mut origin = SourceOrigin {
            digest: wanted.digest.map_or(Digest::Unknown, Digest::Built),
            real: Some(real.to_str()?.to_owned()),
            inode: Some((file.dev(), file.ino())),
        };
        if wanted.digest.is_some() && place == Place::Named {
            return Some(origin);
        }
        let text = self.digests.of(path, &file);
        if place == Place::Guessed {
            let text = text.as_ref()?;
            let fits = match wanted.digest {
                Some(digest) => text.md5 == digest,
                None => text.lines >= u64::from(wanted.last_line),
            };
            if !fits {
                return None;
            }
        }
        if let (Digest::Unknown, Some(text)) = (origin.digest, text) {
            let is_older = is_older(&file, self.image);
            origin.digest = if is_older { Digest::Built(text.md5) } else { Digest::Changed(text.md5) };
        }
        Some(origin)
    }

    /// A path without symbolic links.
    fn real(&self, path: &Path) -> Option<PathBuf> {
        if path.symlink_metadata().ok()?.is_symlink() {
            return path.canonicalize().ok();
        }
        self.folders.in_real(path)
    }
}

/// Whether a source was last changed before an image was made, as far as times tell.
fn is_older(source: &Metadata, image: Times) -> bool {
    /// What an installer may take between writing a file and setting its times.
    const INSTALLED: i64 = 2;
    let made_here = (0..INSTALLED).contains(&(image.changed.0 - image.modified.0));
    // Installers and archives cut times to whole seconds (Python's distutils).
    let built = match image.modified {
        (_, 0) if made_here => image.changed,
        (seconds, 0) => (seconds, 999_999_999),
        modified => modified,
    };
    // A source that was replaced by one with an older time; one with several names was given another name.
    let replaced = made_here && source.nlink() == 1 && changed(source) > image.changed;
    modified(source) <= built && !replaced
}

fn modified(file: &Metadata) -> Moment {
    (file.mtime(), file.mtime_nsec())
}

fn changed(file: &Metadata) -> Moment {
    (file.ctime(), file.ctime_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use md5::{Digest as _, Md5};
    use std::fs::File;
    use std::os::unix::fs::symlink;
    use std::time::{Duration, UNIX_EPOCH};

    const TEXT: &str = "one\ntwo\n";

    fn times(modified: Moment, changed: Moment) -> Times {
        Times { modified, changed }
    }

    fn md5(text: &[u8]) -> [u8; 16] {
        Md5::digest(text).into()
    }

    /// A source, changed last at that second and at half of the next.
    fn written(path: &Path, text: &str, seconds: u64) {
        fs::write(path, text).unwrap();
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 500)).unwrap();
    }

    #[test]
    fn a_source_is_older_than_what_was_built_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.c");
        written(&path, TEXT, 100);
        let source = fs::metadata(&path).unwrap();
        let long_after = (source.ctime() + 1000, 1);
        let is_older = |modified| is_older(&source, times(modified, long_after));
        assert!(is_older((100, 500_000_000)) && is_older((100, 500_000_001)) && is_older((101, 0)));
        assert!(!is_older((100, 499_999_999)) && !is_older((99, 0)));
        assert!(is_older((100, 0)), "an installer cut the time of the image");
    }

    #[test]
    fn a_source_that_was_replaced_by_one_with_an_older_time_is_no_older() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.c");
        written(&path, TEXT, 100);
        let (before, after) = ((changed(&fs::metadata(&path).unwrap()).0 - 10, 1), (i64::MAX, 1));
        let is_older = |image| is_older(&fs::metadata(&path).unwrap(), image);
        assert!(!is_older(times(before, before)), "replaced after the image was made");
        assert!(is_older(times(before, after)), "an image that was copied here says nothing of that");
        fs::hard_link(&path, folder.path().join("b.c")).unwrap();
        assert!(is_older(times(before, before)), "a second name changes no text");
    }

    #[test]
    fn sources_are_found_with_their_digest() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        fs::create_dir_all(top.join("src/bin")).unwrap();
        symlink("src", top.join("link")).unwrap();
        written(&top.join("src/a.c"), TEXT, 100);
        let image = top.join("src/bin/prog");
        written(&image, "", 200);
        let digests = Digests::default();
        let finder = Finder::new(image.to_str().unwrap(), &fs::metadata(&image).unwrap(), &digests);
        let find = |path: &str, digest, last_line| {
            let found = finder.find(&[WantedSource { path, digest, last_line }]).remove(0);
            (found.real.map(|real| real[top.to_str().unwrap().len()..].to_owned()), found.digest)
        };
        let link = top.join("link/a.c");
        let here = Some("/src/a.c".to_owned());
        let (own, other) = (md5(TEXT.as_bytes()), [9; 16]);
        assert_eq!(find(link.to_str().unwrap(), None, 2), (here.clone(), Digest::Built(own)));
        assert_eq!(find(link.to_str().unwrap(), Some(other), 2), (here.clone(), Digest::Built(other)));
        assert_eq!(find("a.c", None, 2), (here.clone(), Digest::Built(own)), "above the image");
        assert_eq!(find("a.c", None, 3), (None, Digest::Unknown), "another one, which is too short");
        assert_eq!(find("a.c", Some(own), 2), (here, Digest::Built(own)));
        assert_eq!(find("a.c", Some(other), 2), (None, Digest::Built(other)));
        assert_eq!(find("/nowhere/a.c", None, 2), (None, Digest::Unknown));
        assert_eq!(find(top.to_str().unwrap(), None, 2), (None, Digest::Unknown), "a folder");
        let environment = WantedSource { path: "/proc/self/environ", digest: None, last_line: 0 };
        assert_eq!(finder.find(&[environment]), [SourceOrigin::default()], "it would be that of this process");
    }
}
