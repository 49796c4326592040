//! Reads the rows about images, each image once for all the files that have it.
//!
//! Invariant: no more than `MAX_KNOWN` images, or those of one file if they are more, are kept for later files.

use super::rows::{Fault, numbits, rows, warning};
use super::{Digest, FileFacts, FunctionFacts, ImageFacts, SourceOrigin};
use rusqlite::{Connection, Row};
use std::collections::HashMap;
use std::sync::Arc;

const MAX_KNOWN: usize = 256;

/// Images of files read before, by path, build-id and digest.
pub(super) type KnownImages = HashMap<ImageIdentity, Arc<ImageFacts>>;

type ImageIdentity = (String, Option<String>, i64);

/// The images of one file.
#[derive(Debug)]
pub(super) struct Images {
    /// The images in order.
    pub(super) facts: Vec<Arc<ImageFacts>>,
    /// Position of each image by its row's id.
    positions: HashMap<i64, usize>,
    /// Position of the image, and within it, by the id of a file's row.
    files: HashMap<i64, (usize, usize)>,
}

impl Images {
    /// Reads the images of a file; an error comes with the table that it is about.
    pub(super) fn read(db: &Connection, version: i64, known: &mut KnownImages) -> Result<Self, (&'static str, Fault)> {
        let sql = "SELECT id, path, build_id, digest FROM image ORDER BY id";
        let identified: Vec<(i64, ImageIdentity)> =
            rows(db, sql, |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?))))
                .map_err(|fault| ("image", fault))?;
        let mut images = Images {
            facts: Vec::with_capacity(identified.len()),
            positions: identified.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect(),
            files: HashMap::new(),
        };
        let counts = images.place_files(db).map_err(|fault| ("file", fault))?;
        for ((_, identity), files) in identified.iter().zip(&counts) {
            // A digest that lies must not lead an index out of range.
            if let Some(facts) = known.get(identity).filter(|facts| facts.files.len() == *files) {
                images.facts.push(facts.clone());
            }
        }
        if images.facts.len() < identified.len() {
            let identities: Vec<ImageIdentity> = identified.into_iter().map(|(_, identity)| identity).collect();
            images.facts = images.read_facts(db, version, &identities)?;
            if known.len() + identities.len() > MAX_KNOWN {
                known.clear();
            }
            known.extend(identities.into_iter().zip(images.facts.iter().cloned()));
        }
        Ok(images)
    }

    /// Positions of the image of a file's row and of the file within the image.
    pub(super) fn file(&self, id: i64) -> Result<(usize, usize), Fault> {
        self.files.get(&id).copied().ok_or_else(|| Fault::Value(format!("no file {id}")))
    }

    fn image(&self, id: i64) -> Result<usize, Fault> {
        self.positions.get(&id).copied().ok_or_else(|| Fault::Value(format!("no image {id}")))
    }

    /// Learns where each file belongs; returns how many files each image has.
    fn place_files(&mut self, db: &Connection) -> Result<Vec<usize>, Fault> {
        let mut counts = vec![0; self.positions.len()];
        let places = rows(db, "SELECT id, image FROM file ORDER BY id", |row| {
            let image = self.image(row.get(1)?)?;
            counts[image] += 1;
            Ok((row.get(0)?, (image, counts[image] - 1)))
        })?;
        self.files = places.into_iter().collect();
        Ok(counts)
    }

    fn read_facts(
        &self,
        db: &Connection,
        version: i64,
        identities: &[ImageIdentity],
    ) -> Result<Vec<Arc<ImageFacts>>, (&'static str, Fault)> {
        let mut facts: Vec<ImageFacts> = identities
            .iter()
            .map(|(path, build_id, _)| ImageFacts {
                path: path.clone(),
                build_id: build_id.clone(),
                files: Vec::new(),
                warnings: Vec::new(),
            })
            .collect();
        let sql = match version {
            1 => "SELECT id, path, executable, NULL, NULL, NULL, NULL, NULL FROM file ORDER BY id",
            _ => "SELECT id, path, executable, digest, digest_of, real, device, inode FROM file ORDER BY id",
        };
        rows(db, sql, |row| {
            let (image, _) = self.file(row.get(0)?)?;
            facts[image].files.push(FileFacts {
                path: row.get(1)?,
                origin: origin(row)?,
                executable: numbits(row, 2)?,
                functions: Vec::new(),
            });
            Ok(())
        })
        .map_err(|fault| ("file", fault))?;
        let told = if version < 2 { "0" } else { "told" };
        rows(db, &format!("SELECT file, first, last, name, {told} FROM function ORDER BY rowid"), |row| {
            let (image, file) = self.file(row.get(0)?)?;
            facts[image].files[file].functions.push(FunctionFacts {
                start: row.get(1)?,
                end: row.get(2)?,
                name: row.get(3)?,
                told: row.get(4)?,
            });
            Ok(())
        })
        .map_err(|fault| ("function", fault))?;
        let sql = "SELECT image, slug, text, count FROM warning WHERE image IS NOT NULL ORDER BY id";
        rows(db, sql, |row| {
            facts[self.image(row.get(0)?)?].warnings.push(warning(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("warning", fault))?;
        Ok(facts.into_iter().map(Arc::new).collect())
    }
}

/// What a row says of a source, from its fourth column on.
fn origin(row: &Row<'_>) -> Result<SourceOrigin, Fault> {
    let digest: Option<[u8; 16]> = row.get(3)?;
    let digest_of: Option<String> = row.get(4)?;
    let digest = match (digest, digest_of.as_deref()) {
        (None, None) => Digest::Unknown,
        (Some(digest), Some("build")) => Digest::Built(digest),
        (Some(digest), Some("changed")) => Digest::Changed(digest),
        (_, digest_of) => return Err(Fault::Value(format!("unknown digest_of {digest_of:?}"))),
    };
    let (device, inode): (Option<i64>, Option<i64>) = (row.get(6)?, row.get(7)?);
    let inode = device.zip(inode).map(|(device, inode)| (device.cast_unsigned(), inode.cast_unsigned()));
    Ok(SourceOrigin { digest, real: row.get(5)?, inode })
}
