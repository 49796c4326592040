//! The objects in which frameworks keep what a test is called, and where their runners have them when they begin.
//!
//! Layouts are those of the frameworks' sources: `testing::TestInfo` of GoogleTest 1.8 and later, `Catch::TestCase` of
//! Catch2 2, `Catch::TestCaseHandle` of Catch2 3.
//!
//! Invariant: decisions only; who reads a program's memory does so through [`ReadObject`].

use super::template::bounded;
use super::{Framework, LONGEST_LABEL};
use serde::{Deserialize, Serialize};

/// How strings are laid out in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum StringLayout {
    /// libstdc++'s of C++11: the address, then the length.
    Gnu,
    /// libc++'s: short ones are within, after a byte with their length.
    Llvm,
}

/// An object of a framework, which tells what the test is called that runs as long as a function does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TestObject {
    kind: Kind,
    strings: StringLayout,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Kind {
    /// `testing::TestInfo`.
    Info,
    /// `Catch::TestCase`, which begins with the text.
    Case,
    /// `Catch::TestCaseHandle`, which begins with a pointer to what begins with the text.
    Handle,
}

/// Reads a program's memory and the arguments of the function that it is about to run.
pub(crate) trait ReadObject {
    /// The argument of this number.
    fn argument(&self, number: usize) -> Option<u64>;
    /// Fills a buffer from an address.
    fn read(&self, at: u64, buffer: &mut [u8]) -> Option<()>;

    /// The eight bytes at an address.
    fn word(&self, at: u64) -> Option<u64> {
        let mut word = [0; 8];
        self.read(at, &mut word)?;
        Some(u64::from_ne_bytes(word))
    }
}

impl TestObject {
    /// That of a function of a framework with this demangled name, of a program whose strings are like this.
    pub fn of_runner(framework: Framework, name: &str, strings: StringLayout) -> Option<TestObject> {
        // GCC splits the body of a function from the test at its beginning.
        let name = name.split_once(" [clone .part.").map_or(name, |(name, _)| name);
        let kind = match (framework, name) {
            (Framework::GoogleTest, "testing::TestInfo::Run()") => Kind::Info,
            (Framework::Catch2, "Catch::RunContext::runTest(Catch::TestCase const&)") => Kind::Case,
            (Framework::Catch2, "Catch::RunContext::runTest(Catch::TestCaseHandle const&)") => Kind::Handle,
            _ => return None,
        };
        Some(TestObject { kind, strings })
    }

    /// Whether a function with this mangled name may be a runner.
    pub fn may_be_of(mangled: &[u8]) -> bool {
        [&b"_ZN7testing8TestInfo3Run"[..], b"_ZN5Catch10RunContext7runTest"]
            .iter()
            .any(|start| mangled.starts_with(start))
    }

    /// The label of the test that is about to run; `None` if it is left out, or that cannot be read.
    pub fn label(self, program: &impl ReadObject) -> Option<String> {
        // `runTest` gives its result by a pointer that comes first, and `this` is second.
        const TEST_OF_CATCH: usize = 2;
        let string = |at| self.strings.read(program, at);
        let label = match self.kind {
            Kind::Info => {
                let info = program.argument(0)?;
                let name = string(info.checked_add(self.strings.size())?)?;
                let mut should_run = [0];
                program.read(info.checked_add(self.should_run())?, &mut should_run)?;
                (should_run == [1]).then_some(())?;
                format!("{}.{name}", string(info)?)
            }
            Kind::Case => string(program.argument(TEST_OF_CATCH)?)?,
            Kind::Handle => string(program.word(program.argument(TEST_OF_CATCH)?)?)?,
        };
        Some(bounded(label.trim())).filter(|label| !label.is_empty())
    }

    /// Where `TestInfo::should_run_` is: behind two strings, two pointers, a string with a number, and a pointer.
    fn should_run(self) -> u64 {
        const WORD: u64 = 8;
        3 * self.strings.size() + 4 * WORD
    }
}

impl StringLayout {
    /// How large a string is, without its text.
    fn size(self) -> u64 {
        match self {
            StringLayout::Gnu => 32,
            StringLayout::Llvm => 24,
        }
    }

    /// The string at an address, if it is one.
    fn read(self, program: &impl ReadObject, at: u64) -> Option<String> {
        let (text, len) = match self {
            StringLayout::Gnu => (program.word(at)?, program.word(at.checked_add(8)?)?),
            StringLayout::Llvm => {
                let mut first = [0];
                program.read(at, &mut first)?;
                match first[0] & 1 {
                    0 => (at.checked_add(1)?, u64::from(first[0] >> 1)),
                    _ => (program.word(at.checked_add(16)?)?, program.word(at.checked_add(8)?)?),
                }
            }
        };
        // What is longer is told apart by a digest of it, so all of it is read, but no garbage.
        let len = usize::try_from(len).ok().filter(|len| *len <= 16 * LONGEST_LABEL)?;
        let mut bytes = vec![0; len];
        program.read(text, &mut bytes)?;
        String::from_utf8(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory from an address on, and arguments.
    struct Program(Vec<u8>, Vec<u64>);

    const START: u64 = 0x1000;

    impl ReadObject for Program {
        fn argument(&self, number: usize) -> Option<u64> {
            self.1.get(number).copied()
        }

        fn read(&self, at: u64, buffer: &mut [u8]) -> Option<()> {
            let at = at.checked_sub(START)? as usize;
            buffer.copy_from_slice(self.0.get(at..at.checked_add(buffer.len())?)?);
            Some(())
        }
    }

    /// A string of libstdc++ whose text is behind `object` bytes.
    fn gnu(object: &mut [u8], at: usize, text: u64, len: u64) {
        object[at..at + 8].copy_from_slice(&(START + text).to_ne_bytes());
        object[at + 8..at + 16].copy_from_slice(&len.to_ne_bytes());
    }

    #[test]
    fn tests_of_googletest_are_called_by_their_suite_and_name() {
        let object =
            TestObject::of_runner(Framework::GoogleTest, "testing::TestInfo::Run() [clone .part.0]", StringLayout::Gnu)
                .unwrap();
        let mut memory = vec![0; 160];
        gnu(&mut memory, 0, 136, 7);
        gnu(&mut memory, 32, 144, 3);
        memory[136..143].copy_from_slice(b"Sums/12");
        memory[144..147].copy_from_slice(b"a/0");
        let mut program = Program(memory, vec![START]);
        assert_eq!(object.label(&program), None, "it is not to run");
        program.0[128] = 1;
        assert_eq!(object.label(&program).as_deref(), Some("Sums/12.a/0"));
        gnu(&mut program.0, 32, 159, 3);
        assert_eq!(object.label(&program), None, "it is not there");
        gnu(&mut program.0, 32, 144, u64::MAX);
        assert_eq!(object.label(&program), None, "garbage");
    }

    #[test]
    fn strings_of_libcxx_are_short_or_long() {
        let mut memory = vec![0; 64];
        memory[..4].copy_from_slice(&[3 << 1, b'a', b'b', b'c']);
        memory[24] = 1;
        memory[32..40].copy_from_slice(&5_u64.to_ne_bytes());
        memory[40..48].copy_from_slice(&(START + 50).to_ne_bytes());
        memory[50..55].copy_from_slice(b"hello");
        let program = Program(memory, Vec::new());
        assert_eq!(StringLayout::Llvm.read(&program, START).as_deref(), Some("abc"));
        assert_eq!(StringLayout::Llvm.read(&program, START + 24).as_deref(), Some("hello"));
    }

    #[test]
    fn test_cases_of_catch_are_called_by_their_text() {
        let runner = |argument| format!("Catch::RunContext::runTest(Catch::{argument} const&)");
        let mut memory = vec![0; 64];
        memory[..8].copy_from_slice(&(START + 8).to_ne_bytes());
        gnu(&mut memory, 8, 40, 5);
        memory[40..45].copy_from_slice(b"a sum");
        let handle = TestObject::of_runner(Framework::Catch2, &runner("TestCaseHandle"), StringLayout::Gnu).unwrap();
        let mut program = Program(memory, vec![0, 0, START]);
        assert_eq!(handle.label(&program).as_deref(), Some("a sum"));
        program.1[2] = START + 8;
        let case = TestObject::of_runner(Framework::Catch2, &runner("TestCase"), StringLayout::Gnu).unwrap();
        assert_eq!(case.label(&program).as_deref(), Some("a sum"));
        assert_eq!(TestObject::of_runner(Framework::Catch2, "Catch::RunContext::runner()", StringLayout::Gnu), None);
        assert!(TestObject::may_be_of(b"_ZN5Catch10RunContext7runTestERKNS_8TestCaseE"));
    }
}
