//! What the cache promises, whatever is in its folder.

use super::contents::{self, Maker};
use super::folder::CacheFolder;
use super::*;
use crate::debuginfo::{self, AlsoTold, FileOffset, Function, Landmark, LandmarkKind, Line, Probe, ReadPart, Warning};
use crate::plan::{Dominance, OwnersBuilder};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

/// A file of that text whose next change will be seen.
pub(super) fn settled_file(path: &Path, text: &str) -> Metadata {
    std::fs::write(path, text).unwrap();
    let meta = std::fs::metadata(path).unwrap();
    while !FileIdentity::of(&meta).is_settled(SystemTime::now()) {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    meta
}

/// Bytes that are no image, and an index that fits them.
fn made_up() -> (Vec<u8>, ImageIndex) {
    let image: Vec<u8> = (0..64).collect();
    let probe = |offset, line| Probe { offset: FileOffset(offset), line, original: offset as u8, straight: 3 };
    let mut dominance = Dominance::default();
    dominance.push_stretch(FileOffset(12), Some(1));
    dominance.push_implied(1, &[2]);
    let mut owners = OwnersBuilder::default();
    owners.push(1, [0]);
    let index = ImageIndex {
        owners: owners.finish(),
        dominance,
        build_id: Some("00ff".to_owned()),
        files: vec!["/a.c".to_owned(), "/b/ü.c".to_owned()],
        digests: vec![None, Some([7; 16])],
        lines: vec![Line { file: 0, number: 3 }, Line { file: 1, number: 9 }],
        functions: vec![Function { file: 1, start: 8, end: 9, name: "f(int)".to_owned(), told: true }],
        probes: vec![probe(5, 1), probe(9, 0), probe(63, 1)],
        also: vec![AlsoTold { probe: 0, line: 0 }, AlsoTold { probe: 2, line: 0 }],
        landmarks: vec![Landmark { offset: FileOffset(7), kind: LandmarkKind::Clone, original: 7 }],
        warnings: vec![Warning { slug: "s".to_owned(), text: "t".to_owned(), count: 2 }],
        part: Some(ReadPart { sources: vec!["/a.c".to_owned(), "/c.c".to_owned()], is_read: vec![true, false] }),
    };
    (image, index)
}

/// A file with these bytes, and its identity.
fn identity_of(folder: &Path, image: &[u8]) -> (File, FileIdentity) {
    let path = folder.join("image");
    std::fs::write(&path, image).unwrap();
    let file = File::open(path).unwrap();
    let identity = FileIdentity::of(&file.metadata().unwrap());
    (file, identity)
}

/// The place of an image that was not changed just now.
fn settled<'c>(cache: &'c Cache, file: &File) -> CacheSlot<'c> {
    CacheSlot { settled: true, ..cache.place(&file.metadata().unwrap()) }
}

#[test]
fn an_index_comes_out_as_it_went_in_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let (image, index) = made_up();
    let (_, identity) = identity_of(folder.path(), &image);
    let maker = Maker::of_version("1");
    let bytes = contents::write(Vec::new(), &index, &maker, &identity).unwrap();
    let decode = |bytes: &[u8]| contents::decode(bytes, &maker, &identity, &image);
    assert_eq!(decode(&bytes), Some(index.clone()));
    for len in 0..bytes.len() {
        assert_eq!(decode(&bytes[..len]), None, "{len} bytes");
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert_eq!(decode(&damaged), None, "byte {at}");
    }
    assert_eq!(decode(&[&bytes[..], &[0]].concat()), None);
    assert_eq!(contents::decode(&bytes, &Maker::of_version("2"), &identity, &image), None);
    let (_, other) = identity_of(folder.path(), b"another");
    assert_eq!(contents::decode(&bytes, &maker, &other, &image), None);
    let mut other_image = image.clone();
    other_image[63] = 0;
    assert_eq!(contents::decode(&bytes, &maker, &identity, &other_image), None);
    assert_eq!(contents::decode(&bytes, &maker, &identity, &image[..63]), None);
}

#[test]
fn an_index_that_breaks_its_promises_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (image, good) = made_up();
    let (_, identity) = identity_of(folder.path(), &image);
    let maker = Maker::of_version("1");
    let breaks: [fn(&mut ImageIndex); 13] = [
        |index| index.lines[1].file = 2,
        |index| index.lines[0].number = 0,
        |index| index.lines[1].number = 1 << 24,
        |index| index.lines.swap(0, 1),
        |index| index.files.swap(0, 1),
        |index| _ = index.digests.pop(),
        |index| index.functions[0].file = 2,
        |index| index.functions[0].start = 10,
        |index| index.probes[0].line = 2,
        |index| index.probes.swap(0, 1),
        |index| index.also.swap(0, 1),
        |index| index.also[1].probe = 3,
        |index| index.also[1].line = 2,
    ];
    for (number, spoil) in breaks.into_iter().enumerate() {
        let mut index = good.clone();
        spoil(&mut index);
        let bytes = contents::write(Vec::new(), &index, &maker, &identity).unwrap();
        assert_eq!(contents::decode(&bytes, &maker, &identity, &image), None, "{number}");
    }
}

#[test]
fn every_damage_that_the_checksum_does_not_see_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let (image, index) = made_up();
    let (_, identity) = identity_of(folder.path(), &image);
    let maker = Maker::of_version("1");
    let bytes = contents::write(Vec::new(), &index, &maker, &identity).unwrap();
    let end = bytes.len() - 4;
    for at in 0..end {
        for value in [0, 1, 0x7f, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            let checksum = crc32fast::hash(&damaged[..end]);
            damaged[end..].copy_from_slice(&checksum.to_le_bytes());
            if let Some(index) = contents::decode(&damaged, &maker, &identity, &image) {
                assert!(index.probes.iter().all(|probe| image[probe.offset.0 as usize] == probe.original));
            }
        }
    }
}

#[test]
fn a_real_image_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = ["/bin/sh", "/usr/bin/env"].into_iter().find(|path| Path::new(path).exists()).unwrap();
    let image = std::fs::read(path).unwrap();
    let file = File::open(path).unwrap();
    let cache = Cache::open(&folder.path().join("not/made/yet")).unwrap();
    let place = settled(&cache, &file);
    assert_eq!(place.load(&image), None);
    let index = debuginfo::index(&image).unwrap();
    place.store(&index);
    assert_eq!(place.load(&image), Some(index.clone()));
    std::fs::write(folder.path().join("not/made/yet").join(&place.name), b"alien").unwrap();
    assert_eq!(place.load(&image), None);
    place.store(&index);
    assert_eq!(place.load(&image), Some(index));
    assert_eq!(std::fs::read_dir(folder.path().join("not/made/yet")).unwrap().count(), 1);
}

#[test]
fn an_index_that_the_cache_cannot_hold_is_told_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (image, index) = made_up();
    let (file, _) = identity_of(folder.path(), &image);
    let len = {
        let cache = Cache::open(&folder.path().join("large")).unwrap();
        let place = settled(&cache, &file);
        assert_eq!(place.exceeds(&index), None);
        place.store(&index);
        std::fs::metadata(folder.path().join("large").join(&place.name)).unwrap().len()
    };
    assert!(len <= contents::at_most(&index));
    for (limit, kept) in [(len, true), (len - 1, false)] {
        let at = folder.path().join(limit.to_string());
        let cache = Cache::holding(&at, limit).unwrap();
        let place = settled(&cache, &file);
        assert_eq!(place.exceeds(&index), (!kept).then_some(len));
        place.store(&index);
        assert_eq!(place.load(&image).is_some(), kept);
        assert_eq!(std::fs::read_dir(&at).unwrap().count(), usize::from(kept));
    }
}

#[test]
fn a_file_that_was_written_anew_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let (image, index) = made_up();
    let (file, _) = identity_of(folder.path(), &image);
    let cache = Cache::open(&folder.path().join("cache")).unwrap();
    settled(&cache, &file).store(&index);
    assert_eq!(settled(&cache, &file).load(&image), Some(index));
    let modified = file.metadata().unwrap().modified().unwrap();
    let identity = FileIdentity::of(&file.metadata().unwrap());
    await_tick(&file, &identity);
    // Its bytes may be others now, and its build-id, size and time of change are as they were.
    file.set_modified(modified).unwrap();
    assert_ne!(FileIdentity::of(&file.metadata().unwrap()), identity);
    assert_eq!(settled(&cache, &file).load(&image), None);
    // And so is another file that looks the same.
    let other = folder.path().join("other");
    std::fs::write(&other, &image).unwrap();
    let other = File::open(other).unwrap();
    other.set_modified(modified).unwrap();
    assert_eq!(settled(&cache, &other).load(&image), None);
}

/// Changes a file's times until the kernel's clock has gone on.
fn await_tick(file: &File, before: &FileIdentity) {
    while FileIdentity::of(&file.metadata().unwrap()) == *before {
        file.set_modified(file.metadata().unwrap().modified().unwrap()).unwrap();
    }
}

#[test]
fn what_was_changed_just_now_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (image, index) = made_up();
    let (file, identity) = identity_of(folder.path(), &image);
    let changed = file.metadata().unwrap().modified().unwrap();
    assert!(!identity.is_settled(changed) && !identity.is_settled(changed + Duration::from_millis(10)));
    assert!(identity.is_settled(changed + Duration::from_millis(200)));
    assert!(!identity.is_settled(changed - Duration::from_secs(5)), "a clock that was set back tells nothing");
    let cache = Cache::open(&folder.path().join("cache")).unwrap();
    let place = CacheSlot { settled: false, ..cache.place(&file.metadata().unwrap()) };
    place.store(&index);
    assert_eq!(place.load(&image), None);
}

#[test]
fn use_is_noted_once_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let (image, index) = made_up();
    let (file, _) = identity_of(folder.path(), &image);
    let cache = Cache::open(&folder.path().join("cache")).unwrap();
    let place = settled(&cache, &file);
    place.store(&index);
    let path = folder.path().join("cache").join(&place.name);
    let used = || path.metadata().unwrap().modified().unwrap();
    for (ago, noted) in [(USE_IS_NOTED / 2, false), (USE_IS_NOTED * 2, true)] {
        let then = SystemTime::now() - ago;
        File::open(&path).unwrap().set_modified(then).unwrap();
        let before = used();
        assert!(place.load(&image).is_some());
        assert_eq!(used() > before, noted, "{ago:?}");
    }
}

#[test]
fn what_was_used_longest_ago_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let small = CacheFolder::open(folder.path(), 30).unwrap();
    let put = |path: &Path, bytes: &[u8]| {
        small.replace(path.file_name().unwrap(), |mut file| file.write_all(bytes).map(|()| file))
    };
    let paths = ["a", "b", "c", "d"].map(|name| folder.path().join(CacheFolder::whole(name)));
    let now = SystemTime::now();
    for (path, hours) in paths.iter().zip([3, 9, 1]) {
        put(path, &[0; 10]).unwrap();
        let used = now - Duration::from_secs(hours * 3600);
        File::open(path).unwrap().set_modified(used).unwrap();
    }
    let abandoned = folder.path().join("1-1.new");
    File::create(&abandoned).unwrap().set_modified(now - Duration::from_secs(7200)).unwrap();
    let (young, alien) = (folder.path().join("1-2.new"), folder.path().join("notes.txt"));
    std::fs::write(&young, [0; 100]).unwrap();
    std::fs::write(&alien, [0; 100]).unwrap();
    put(&paths[3], &[0; 10]).unwrap();
    assert_eq!(paths.each_ref().map(|path| path.exists()), [true, false, true, true]);
    assert_eq!([&abandoned, &young, &alien].map(|path| path.exists()), [false, true, true]);
    assert!(put(&paths[1], &[0; 31]).is_err());
    assert!(!paths[1].exists());
}

#[test]
fn a_folder_that_cannot_be_used_is_done_without() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), b"").unwrap();
    assert!(Cache::open(&folder.path().join("file/below")).is_none());
    assert!(Cache::open(&folder.path().join("file")).is_none());
    let others = folder.path().join("others");
    std::fs::create_dir(&others).unwrap();
    std::fs::set_permissions(&others, PermissionsExt::from_mode(0o777)).unwrap();
    assert!(Cache::open(&others).is_none(), "others may write there");
    assert!(Cache::open(&others.join("cache")).is_none(), "others may put another one there");
    let real = folder.path().join("real");
    assert!(Cache::open(&real).is_some());
    std::os::unix::fs::symlink(&real, folder.path().join("link")).unwrap();
    assert!(Cache::open(&folder.path().join("link")).is_none(), "a link");
    assert!(Cache::open(&folder.path().join("link/cov-trace")).is_some(), "one's own on the way there is followed");

    let (image, index) = made_up();
    let (file, _) = identity_of(folder.path(), &image);
    let cache = Cache::open(&folder.path().join("cache")).unwrap();
    let place = settled(&cache, &file);
    // Not even root writes into what is gone.
    std::fs::remove_dir(folder.path().join("cache")).unwrap();
    place.store(&index);
    assert_eq!(place.load(&image), None);
    // What is no file is not waited for.
    std::fs::create_dir_all(folder.path().join("cache").join(&place.name)).unwrap();
    place.store(&index);
    assert_eq!(place.load(&image), None);
}

#[test]
fn many_may_write_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (image, index) = made_up();
    let (file, _) = identity_of(folder.path(), &image);
    let cache = Cache::open(&folder.path().join("cache")).unwrap();
    settled(&cache, &file).store(&index);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let place = settled(&cache, &file);
                    place.store(&index);
                    assert_eq!(place.load(&image).as_ref(), Some(&index));
                }
            });
        }
    });
    assert_eq!(std::fs::read_dir(folder.path().join("cache")).unwrap().count(), 1);
}
