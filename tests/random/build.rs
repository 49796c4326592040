//! The ways in which a random program is built.

use super::dice::Dice;
use super::program::Language;

/// A compiler with options, for a text.
pub fn command(dice: &mut Dice, language: Language, text: &str) -> Vec<&'static str> {
    let is_gcc = dice.below(5) < 3;
    let compiler = match (language, is_gcc) {
        (Language::C, true) => "gcc",
        (Language::C, false) => "clang",
        (Language::Cpp, true) => "g++",
        (Language::Cpp, false) => "clang++",
    };
    let mut command = vec![compiler, "-g", "-w", dice.pick(&["-O0", "-O1", "-O2", "-O2", "-O3", "-Os"])];
    let usual: [&[&str]; 5] = [
        &["-fno-plt"],
        &["-fcf-protection=full"],
        &["-fno-pie", "-no-pie"],
        &["-ffunction-sections"],
        &["-fno-omit-frame-pointer"],
    ];
    let of_gcc: [&[&str]; 6] = [
        &["-flto"],
        &["-mindirect-branch=thunk-inline", "-fcf-protection=none"],
        &["-fno-jump-tables"],
        &["-fno-reorder-blocks"],
        &["-fno-gcse"],
        &["-funroll-loops"],
    ];
    for options in usual.iter().chain(of_gcc.iter().filter(|_| is_gcc)) {
        // gcc's link-time optimiser may lose a label whose address is stored.
        let loses_labels = options.contains(&"-flto") && text.contains("&&");
        if dice.once_in(4) && !loses_labels {
            command.extend(*options);
        }
    }
    // Else gcc may put the labels into two sections, and refuse to tell the distance.
    if is_gcc && text.contains("distances") {
        command.push("-fno-reorder-blocks-and-partition");
    }
    // Much code of the C library comes along.
    if dice.once_in(20) {
        command.push("-static");
    }
    command
}
