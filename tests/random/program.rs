//! Random programs in C and C++: everything that moves control, in short loops, so that they end.
//!
//! Invariant: what a program does depends on its text only, so that all its runs are the same.

use super::dice::Dice;
use super::statement;

/// What a program is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// C with labels as values.
    C,
    /// The same with exceptions.
    Cpp,
}

/// The text of a program that grows.
pub struct Program<'a> {
    /// What decides.
    pub dice: &'a mut Dice,
    /// Its language.
    pub language: Language,
    /// Whether it has tables of distances between labels, which C only has.
    pub has_distances: bool,
    text: String,
    indent: usize,
    /// The function that is being written, by number: it calls those before it.
    pub function: u32,
    /// How many labels this function has.
    pub labels: u32,
    /// How many of them were written.
    pub labels_written: u32,
}

/// What every program starts with. `fuel` bounds what repeats.
const PRELUDE: &str = r#"#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile unsigned s;
static volatile int fuel = 60, zero, skip;
static int *volatile nowhere;
static sigjmp_buf *top;

static void handler(int number, siginfo_t *info, void *context) {
    (void)info;
    if (fuel-- < -200)
        _exit(6);
    if (skip) {
        ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += skip;
        skip = 0;
        return;
    }
    if (number == SIGUSR2) {
        s += 3;
        _exit(5);
    }
    siglongjmp(*top, number);
}

static void say(unsigned n) {
    if (fuel-- < -200)
        _exit(7);
    dprintf(1, "%u %u\n", n, s);
}

#define TWICE(x) s += (x); s ^= (x) * 3
#define UNLESS(x) if ((x) & 4) s += 2; else s ^= 9
static inline unsigned small(unsigned n) {
    if (n & 1)
        return n * 3 + 1;
    s += n;
    return n / 2;
}
#define LEAVE(x) do { top = outer; return (x); } while (0)
"#;

const OF_CPP: &str = r#"
struct Guard {
    unsigned n;
    explicit Guard(unsigned m) : n(m) { s += n; }
    ~Guard() { s ^= n; }
};
"#;

const MAIN: &str = r#"
int main(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    static const int signals[] = {SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGUSR1, SIGUSR2};
    for (unsigned i = 0; i < 6; i++)
        sigaction(signals[i], &action, NULL);
    static sigjmp_buf last;
    static volatile unsigned round;
    for (round = 0; round < 3; round++) {
        top = &last;
        if (sigsetjmp(last, 1) == 0)
            RUN
        say(round);
    }
    return s % 5;
}
"#;

/// Writes a program.
pub fn text(dice: &mut Dice) -> (Language, String) {
    let language = if dice.once_in(6) { Language::Cpp } else { Language::C };
    let functions = 3 + dice.below(4);
    let has_distances = language == Language::C && dice.once_in(2);
    let mut program = Program {
        dice,
        language,
        has_distances,
        text: PRELUDE.into(),
        indent: 0,
        function: 0,
        labels: 0,
        labels_written: 0,
    };
    if language == Language::Cpp {
        program.text += OF_CPP;
    }
    for number in 0..functions {
        program.function = number;
        program.function();
    }
    let call = format!("s += f{}(round * 7 + s);", functions - 1);
    let run = match language {
        Language::C => call,
        Language::Cpp => format!("try {{ {call} }} catch (...) {{ s += 1; }}"),
    };
    let main = MAIN.replace("RUN", &run);
    (language, program.text + &main)
}

impl Program<'_> {
    fn function(&mut self) {
        let number = self.function;
        let how = self.dice.pick(&["", "static ", "static inline ", "__attribute__((noinline)) static "]);
        self.line(&format!("{how}unsigned f{number}(unsigned given) {{"));
        self.indent += 1;
        self.line("volatile unsigned a = given; sigjmp_buf *const outer = top;");
        self.labels = 2 + self.dice.below(4);
        self.labels_written = 0;
        let labels = |one: fn(u32) -> String, count| (0..count).map(one).collect::<Vec<_>>().join(", ");
        let places = labels(|n| format!("&&l{n}"), self.labels);
        self.line(&format!("static void *const places[] = {{{places}}};"));
        if self.has_distances {
            let distances = labels(|n| format!("&&l{n} - &&l0"), self.labels);
            self.line(&format!("static const int distances[] = {{{distances}}};"));
            self.line("static void *volatile base = &&l0; (void)base; (void)distances;");
        }
        self.line("(void)places;");
        while self.labels_written < self.labels {
            self.block(3);
            if self.dice.once_in(2) {
                statement::computed_goto(self);
            }
            self.line(&format!("l{}:", self.labels_written));
            self.labels_written += 1;
        }
        self.block(3);
        self.line("LEAVE(s + a);");
        self.indent -= 1;
        self.line("}");
    }

    /// Writes up to five statements, which nest up to `depth` times.
    pub fn block(&mut self, depth: u32) {
        for _ in 0..=self.dice.below(5) {
            statement::any(self, depth);
        }
    }

    /// Writes a line, or lengthens the one before.
    pub fn line(&mut self, text: &str) {
        let is_own = text.starts_with('#') || !self.text.ends_with(";\n") || !self.dice.once_in(6);
        if is_own {
            self.text += &"    ".repeat(self.indent);
        } else {
            self.text.pop();
            self.text.push(' ');
        }
        self.text += text;
        self.text.push('\n');
    }

    /// Writes what stands in braces behind a head.
    pub fn braces(&mut self, head: &str, inside: impl FnOnce(&mut Self)) {
        self.line(&format!("{head} {{"));
        self.indent += 1;
        inside(self);
        self.indent -= 1;
        self.line("}");
    }
}
