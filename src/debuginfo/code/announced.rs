//! Where a program tells the C library's `syscall` to make a child: `syscall` makes all kinds of calls, so it cannot be
//! watched for each, but who calls it with the number of such a call can be.

use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::elf::Elf;
use crate::debuginfo::reading::text::Text;
use platform::arch::{Callee, callee};
use std::collections::BTreeSet;

/// The function of the C library that makes any call.
const ANY_CALL: &str = "syscall";

/// What leads to it in an image.
pub(crate) struct AnyCall<'a> {
    text: &'a Text<'a>,
    /// Where it is, if it is in this image.
    functions: BTreeSet<u64>,
    /// The variables in which the loader puts its address.
    variables: BTreeSet<u64>,
}

impl<'a> AnyCall<'a> {
    /// Looks for it.
    pub(crate) fn of(elf: &Elf<'_>, text: &'a Text<'a>) -> Self {
        let functions = elf.functions().filter(|function| function.is_named(ANY_CALL)).map(|function| function.start.0);
        let variables = elf.variables_of(ANY_CALL).map(|variable| variable.0);
        AnyCall { text, functions: functions.collect(), variables: variables.collect() }
    }

    /// Whether nothing leads to it.
    pub(crate) fn is_absent(&self) -> bool {
        self.functions.is_empty() && self.variables.is_empty()
    }

    /// Whether code at an address calls it next, directly or by the procedure linkage table.
    pub(crate) fn is_called_at(&self, at: Svma, code: &[u8]) -> bool {
        match callee(code, at.0) {
            Some(Callee::Through(variable)) => self.variables.contains(&variable),
            Some(Callee::At(function)) => self.functions.contains(&function) || self.is_reached_through(Svma(function)),
            None => false,
        }
    }

    fn is_reached_through(&self, stub: Svma) -> bool {
        let code = self.text.range_at(stub).map(|range| self.text.bytes_from(range, stub));
        let target = code.and_then(|code| callee(code, stub.0));
        matches!(target, Some(Callee::Through(variable)) if self.variables.contains(&variable))
    }
}
