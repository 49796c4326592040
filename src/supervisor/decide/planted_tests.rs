//! What was planted stays ours as long as it is mapped, whatever the kernel lets us learn of its file: chance maps,
//! moves, splits and hides files, replaces them, and has readings fail, come late or be overtaken.

use super::action::Action;
use super::input::{Input, Remains};
use super::state::State;
use super::text_change::TextChange;
use crate::link::{EndOfProcess, ImageId};
use crate::plan::{FileOffset, Landmark, LandmarkKind, Plan};
use platform::{Avma, FileKey, Pid, TextMapping, Tid, TrapCause};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

const LEADER: Tid = Tid(100);
const PAGES: u64 = 4;
const PAGE: u64 = 0x1000;
/// A probe in each page, and a landmark that has the space read.
const PROBE: u64 = 0x10;
const LANDMARK: u64 = 0x20;
const PROGRAM: u64 = 0x10_0000;

/// Numbers that look like chance.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A file as it is mapped.
#[derive(Clone)]
struct Library {
    inode: u64,
    /// Which of its pages are executable at the moment.
    executable: [bool; PAGES as usize],
    size: u64,
    modified: i128,
    /// Whether nothing can be learned of its file any more.
    is_hidden: bool,
    /// Places of breakpoints that were planted there.
    planted: BTreeSet<u64>,
}

struct World {
    state: State,
    libraries: BTreeMap<u64, Library>,
    /// Images whose plans are still to come.
    wanted: Vec<ImageId>,
    inodes: BTreeMap<ImageId, u64>,
    next_inode: u64,
}

fn plan() -> Plan {
    Plan {
        offsets: (0..PAGES).map(|page| FileOffset(page * PAGE + PROBE)).collect(),
        originals: vec![0x55; PAGES as usize],
        straight: vec![1; PAGES as usize],
        lines: (0..PAGES as u32).collect(),
        landmarks: vec![Landmark { offset: FileOffset(LANDMARK), original: 0xc3, kind: LandmarkKind::LoaderState }],
        ..Plan::default()
    }
}

impl World {
    fn new() -> World {
        let mut world = World {
            state: State::default(),
            libraries: BTreeMap::new(),
            wanted: Vec::new(),
            inodes: BTreeMap::new(),
            next_inode: 1,
        };
        world.map(PROGRAM);
        let mut actions = Vec::new();
        world.state.step(Input::Launched { pid: Pid(LEADER.0), parent: Pid(1) }, &mut actions);
        world.hear(Input::Exec { tid: LEADER, former: LEADER });
        world.read();
        world.plans();
        world
    }

    fn map(&mut self, at: u64) {
        let inode = self.next_inode;
        self.next_inode += 1;
        let (executable, planted) = ([true; PAGES as usize], BTreeSet::new());
        let library = Library { inode, executable, size: 100 + inode, modified: 1, is_hidden: false, planted };
        self.libraries.insert(at, library);
    }

    /// What /proc says.
    fn mappings(&self) -> Vec<TextMapping> {
        let mut mappings = Vec::new();
        for (&at, library) in &self.libraries {
            for (first, run) in runs(&library.executable) {
                let known = run[0] && !library.is_hidden;
                mappings.push(TextMapping {
                    start: Avma(at + first * PAGE),
                    end: Avma(at + (first + run.len() as u64) * PAGE),
                    offset: first * PAGE,
                    file: FileKey {
                        device: 1,
                        inode: library.inode,
                        size: if known { library.size } else { 0 },
                        modified: if known { library.modified } else { 0 },
                    },
                    path: String::new(),
                    dormant: !run[0],
                });
            }
        }
        mappings
    }

    fn hear(&mut self, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        self.state.step(input, &mut actions);
        for action in &actions {
            match action {
                Action::WantImage { image, mapping, .. } => {
                    self.wanted.push(*image);
                    self.inodes.insert(*image, mapping.file.inode);
                }
                Action::TextChange(change) => self.plant(change),
                _ => {}
            }
        }
        actions
    }

    fn plant(&mut self, change: &TextChange) {
        for probe in (0..PAGES as u32).filter(|&probe| change.change.get(probe) && change.armed.get(probe)) {
            let Some(Avma(at)) = change.address(FileOffset(u64::from(probe) * PAGE + PROBE)) else { continue };
            // What was read may be gone by now; other text is not written to.
            if let Some((place, library)) = self.libraries.range_mut(..=at).next_back()
                && at - place < PAGES * PAGE
                && self.inodes[&change.instance.image] == library.inode
            {
                library.planted.insert(at);
            }
        }
    }

    /// The thread that is at the landmark has the space read.
    fn read(&mut self) {
        let mappings = self.mappings();
        self.hear(Input::Mapped { tid: LEADER, mappings });
    }

    fn plans(&mut self) {
        for image in std::mem::take(&mut self.wanted) {
            self.hear(Input::Planned { image, plan: Rc::new(plan()) });
        }
    }

    fn anything(&mut self, dice: &mut Dice) {
        let places: Vec<u64> = self.libraries.keys().copied().collect();
        let at = places[dice.roll(places.len() as u64) as usize];
        let new = PROGRAM + (1 + dice.roll(6)) * 0x10_0000;
        match dice.roll(10) {
            0 | 1 if !self.libraries.contains_key(&new) => self.map(new),
            2 if at != PROGRAM => drop(self.libraries.remove(&at)),
            3 => drop(self.hear(Input::Unreadable { tid: LEADER })),
            4 => self.plans(),
            choice => {
                let Some(library) = self.libraries.get_mut(&at) else { return };
                let page = dice.roll(PAGES) as usize;
                match choice {
                    5 => library.is_hidden ^= true,
                    6 => (library.size, library.modified) = (library.size + 1, library.modified + 1),
                    7 | 8 => library.executable[page] ^= true,
                    _ => self.read(),
                }
            }
        }
    }

    /// Every breakpoint that is still mapped is ours, if it is met.
    fn check(&self, context: &str) {
        for (place, library) in &self.libraries {
            for &at in &library.planted {
                let space = self.state.space_of(LEADER).and_then(|space| self.state.spaces.get(&space));
                let found = space.map(|space| space.find(Avma(at)));
                assert!(
                    matches!(found, Some(super::space::Found::Armed(_) | super::space::Found::Spent(_))),
                    "{context}: {at:#x} of the library at {place:#x} is {found:?}"
                );
            }
        }
    }
}

fn runs(pages: &[bool]) -> Vec<(u64, &[bool])> {
    let mut first = 0;
    let mut found = Vec::new();
    for run in pages.chunk_by(|a, b| a == b) {
        found.push((first, run));
        first += run.len() as u64;
    }
    found
}

#[test]
fn what_was_planted_is_ours_while_it_is_mapped() {
    let mut planted = 0;
    for seed in 0..300 {
        let (mut world, mut dice) = (World::new(), Dice(seed));
        for step in 0..100 {
            world.anything(&mut dice);
            world.check(&format!("seed {seed}, step {step}"));
        }
        planted += world.libraries.values().map(|library| library.planted.len()).sum::<usize>();
    }
    assert!(planted > 1000, "{planted}");
}

/// A reading that was overtaken by a later one, whose plans came first, takes nothing of that away.
#[test]
fn a_late_reading_forgets_nothing() {
    let mut world = World::new();
    world.map(PROGRAM + 0x10_0000);
    let before = world.mappings();
    let other = Tid(101);
    let lineage = platform::Lineage::Thread;
    world.hear(Input::Born { tid: LEADER, child: other, lineage, waits: false });
    world.hear(Input::Stopped { tid: other });
    // Its plan is still to come when another thread has read more, of which nothing is new but what is known already.
    world.hear(Input::Mapped { tid: other, mappings: before });
    let late = std::mem::take(&mut world.wanted);
    let known = world.libraries[&PROGRAM].clone();
    world.libraries.remove(&(PROGRAM + 0x10_0000));
    let again = PROGRAM + 0x20_0000;
    world.libraries.insert(again, Library { planted: BTreeSet::new(), ..known });
    world.read();
    assert_eq!(world.libraries[&again].planted.len(), PAGES as usize);
    world.wanted = late;
    world.plans();
    world.check("after the late plan");
}

#[test]
fn a_trap_in_text_whose_file_is_gone_is_served() {
    let mut world = World::new();
    let at = PROGRAM + 0x10_0000;
    world.map(at);
    world.read();
    world.plans();
    if let Some(library) = world.libraries.get_mut(&at) {
        library.is_hidden = true;
    }
    world.map(PROGRAM + 0x20_0000);
    world.read();
    let place = Avma(at + PAGE + PROBE);
    let actions = world.hear(Input::Trap { tid: LEADER, at: place });
    assert!(matches!(actions[0], Action::Serve(_)), "{actions:?}");
    // It is met once more by a thread that had met it before it was taken out.
    let actions =
        world.hear(Input::Cause { tid: LEADER, at: place, cause: TrapCause::Breakpoint, remains: Remains::Ours });
    assert!(matches!(actions[0], Action::Serve(_)), "{actions:?}");
    world.hear(Input::Gone { tid: LEADER, how: EndOfProcess::Exited(0) });
}
