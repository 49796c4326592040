//! Random statements.

use super::program::{Language, Program};

/// Writes a statement, which nests up to `depth` times.
pub fn any(program: &mut Program<'_>, depth: u32) {
    if depth == 0 || program.dice.below(5) < 2 {
        return simple(program);
    }
    let depth = depth - 1;
    match program.dice.below(13) {
        0..=2 => choice(program, depth),
        3..=4 => repetition(program, depth),
        5..=6 => cases(program, depth),
        7 => jump_point(program, depth),
        8 => fault(program),
        9 => departure(program),
        10 => child(program, depth),
        11 if program.language == Language::Cpp => attempt(program, depth),
        _ => goes_elsewhere(program),
    }
}

fn simple(program: &mut Program<'_>) {
    let n = program.dice.below(50) + 1;
    let text = match program.dice.below(12) {
        0 => format!("s +=\n        a\n        * {n}\n        + small(a);"),
        1 => format!("TWICE(a + {n});"),
        2 => format!("UNLESS(a + {n});"),
        3 => format!("a = a * 5 + {n}; s ^= a; s += {n};"),
        4 => format!("say({n});"),
        5 => format!("s += small(s + {n}) + small(a);"),
        6 if program.function > 0 => {
            let callee = program.dice.below(program.function);
            format!("if (fuel-- > 0)\n        s += f{callee}(a + {n});")
        }
        7 => format!("s = a & {n} ? s + 1 : s * 3;"),
        8 => format!("{{ unsigned char bytes[40]; memset(bytes, (int)a, sizeof bytes); s += bytes[{n} % 40]; }}"),
        _ => format!("s += {n};"),
    };
    program.line(&text);
}

/// What is true for some of what the program is about.
fn condition(program: &mut Program<'_>) -> String {
    let n = program.dice.below(4);
    match program.dice.below(4) {
        0 => format!("(a >> {n}) & 1"),
        1 => format!("s % {} == {n}", n + 2),
        2 => format!("a > {n} && (s & {})", n + 1),
        _ => format!("(s ^ a) % 3 < {n} || a == {n}"),
    }
}

fn choice(program: &mut Program<'_>, depth: u32) {
    let condition = condition(program);
    program.braces(&format!("if ({condition})"), |program| program.block(depth));
    if program.dice.once_in(2) {
        program.braces("else", |program| program.block(depth));
    }
}

fn repetition(program: &mut Program<'_>, depth: u32) {
    let (n, condition) = (program.dice.below(4), condition(program));
    let head = match program.dice.below(3) {
        0 => format!("for (unsigned i = 0; i < {n} && fuel > 0; i++)"),
        1 => format!("for (int more = {n}; more-- > 0 && fuel-- > 0;)"),
        _ => format!("while (({condition}) && fuel-- > 0)"),
    };
    let way_out = program.dice.pick(&["", "break;", "continue;"]);
    program.braces(&head, |program| {
        program.block(depth);
        if !way_out.is_empty() {
            program.line(&format!("if ({condition}) {way_out}"));
            program.block(depth);
        }
    });
}

fn cases(program: &mut Program<'_>, depth: u32) {
    let (count, step) = (2 + program.dice.below(8), program.dice.pick(&[1, 1, 1, 2, 37]));
    let is_total = program.dice.once_in(3);
    let modulus = if is_total { count * step } else { count * step + 3 };
    let what = program.dice.pick(&["a", "s", "a + s"]);
    let scale = if is_total && step > 1 { format!(" / {step} * {step}") } else { String::new() };
    program.braces(&format!("switch (({what}) % {modulus}{scale})"), |program| {
        for case in 0..count {
            program.line(&format!("case {}:", case * step));
            program.block(depth.min(1));
            let would_fall_out = is_total && case + 1 == count;
            if would_fall_out || program.dice.below(3) > 0 {
                program.line("break;");
            }
        }
        program.line("default:");
        if is_total {
            program.line("__builtin_unreachable();");
        } else {
            program.block(depth.min(1));
        }
    });
}

/// A place that jumps and faults come back to.
fn jump_point(program: &mut Program<'_>, depth: u32) {
    program.braces("", |program| {
        // A jump out of the block leaves it in use, so its memory must not be another's.
        program.line("static sigjmp_buf here; sigjmp_buf *before = top;");
        program.line("top = &here;");
        program.braces("if (sigsetjmp(here, 1) == 0)", |program| program.block(depth));
        program.braces("else", |program| {
            program.line("top = before;");
            program.block(depth);
        });
        program.line("top = before;");
    });
}

/// A fault between statements, or a signal; the handler jumps away or goes on behind it.
fn fault(program: &mut Program<'_>) {
    let condition = condition(program);
    let what = program.dice.pick(&[
        "s += *nowhere;",
        "s += 7 / zero;",
        "__asm__ volatile(\"ud2\");",
        "skip = 2; __asm__ volatile(\"movl (%%rax),%%eax\" : : \"a\"(nowhere) : \"memory\");",
        "skip = 2; __asm__ volatile(\"ud2\" : : : \"memory\");",
        "raise(SIGUSR1);",
        "__asm__ volatile(\"pushfq; orq $0x100,(%%rsp); popfq\" : : : \"memory\", \"cc\");",
        "siglongjmp(*top, 1);",
    ]);
    program.braces(&format!("if (({condition}) && fuel-- > 0)"), |program| {
        simple(program);
        program.line("s += 1;");
        program.line(what);
        program.line("s += 2;");
        simple(program);
    });
}

/// An end of the function or the program.
fn departure(program: &mut Program<'_>) {
    let condition = condition(program);
    let n = program.dice.below(30);
    let what = match n {
        0 => "_exit(3);",
        1 => "kill(getpid(), SIGKILL);",
        2 => "raise(SIGUSR2);",
        3 => "signal(SIGSEGV, SIG_DFL); s += 1; s += *nowhere;",
        4 => "exit(4);",
        5 => "abort();",
        6 if program.language == Language::Cpp => "throw 1.5;",
        _ => "LEAVE(s + 1);",
    };
    program.braces(&format!("if ({condition})"), |program| {
        program.line("s += 4;");
        program.line(what);
    });
}

/// A process that ends before its maker goes on.
fn child(program: &mut Program<'_>, depth: u32) {
    if !program.dice.once_in(4) {
        return choice(program, depth);
    }
    let condition = condition(program);
    program.braces(&format!("if (({condition}) && fuel > 30)"), |program| {
        program.line("fuel -= 20;");
        let is_fork = program.dice.once_in(2);
        program.line(if is_fork { "pid_t pid = fork();" } else { "pid_t pid = vfork();" });
        program.braces("if (pid == 0)", |program| {
            if is_fork {
                program.block(depth);
            }
            program.line("s += 1; _exit(2);");
        });
        program.line("waitpid(pid, NULL, 0);");
    });
}

/// An exception and who catches it.
fn attempt(program: &mut Program<'_>, depth: u32) {
    program.braces("", |program| attempt_here(program, depth));
}

fn attempt_here(program: &mut Program<'_>, depth: u32) {
    let condition = condition(program);
    program.line("sigjmp_buf *const before = top;");
    program.braces("try", |program| {
        let n = program.dice.below(9);
        program.line(&format!("Guard guard({n});"));
        program.block(depth);
        program.line(&format!("s += small(a) + (({condition}) ? throw {n} : small(s));"));
        program.block(depth);
    });
    program.braces("catch (int n)", |program| {
        program.line("top = before; s += n;");
        program.block(depth);
    });
}

fn goes_elsewhere(program: &mut Program<'_>) {
    let condition = condition(program);
    let label = program.dice.below(program.labels);
    program.line(&format!("if (({condition}) && fuel-- > 0)\n        goto l{label};"));
}

/// A jump to one of the labels by its address.
pub fn computed_goto(program: &mut Program<'_>) {
    let (condition, labels) = (condition(program), program.labels);
    let target = match (program.has_distances, program.dice.below(3)) {
        (true, 0) => format!("&&l0 + distances[s % {labels}]"),
        (true, 1) => format!("base + distances[s % {labels}]"),
        (true | false, _) => format!("places[s % {labels}]"),
    };
    program.line(&format!("if (({condition}) && fuel-- > 0)\n        goto *({target});"));
}
