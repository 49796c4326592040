//! Which context a run begins in, and which execs open another.

use super::template::Template;
use globset::GlobMatcher;

/// What contexts a measurement has.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContextRule {
    /// The label of the context that it begins in; empty if it has none.
    pub label: String,
    /// How execs open contexts, if they do.
    pub by_process: Option<ByProcess>,
    /// Whether functions are contexts.
    pub by_function: bool,
}

/// How execs open contexts.
#[derive(Clone, Debug)]
pub(crate) struct ByProcess {
    /// The label.
    pub template: Template,
    /// Only for programs that so many execs led to: 0 is what was launched.
    pub depth: Option<u32>,
    /// Only for executables that match one of these, by path or by name; all if there is none.
    pub executables: Vec<GlobMatcher>,
}

impl ContextRule {
    /// Whether there is any context but the empty one.
    pub fn is_used(&self) -> bool {
        !self.label.is_empty() || self.by_process.is_some() || self.by_function
    }
}

impl ByProcess {
    /// Whether an executable at so many execs opens a context.
    pub fn takes(&self, depth: u32, exe: &str) -> bool {
        let name = exe.rsplit('/').next().unwrap_or(exe);
        self.depth.is_none_or(|most| depth <= most)
            && (self.executables.is_empty()
                || self.executables.iter().any(|glob| glob.is_match(exe) || glob.is_match(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use globset::Glob;

    #[test]
    fn executables_are_taken_by_path_or_by_name_down_to_a_depth() {
        let glob = |text: &str| Glob::new(text).unwrap().compile_matcher();
        let mut rule = ByProcess { template: "{name}".parse().unwrap(), depth: None, executables: Vec::new() };
        assert!(rule.takes(9, "/bin/sed"));
        rule.depth = Some(1);
        assert!(rule.takes(1, "/bin/sed") && !rule.takes(2, "/bin/sed"));
        rule.executables = vec![glob("test_*"), glob("/usr/bin/*")];
        assert!(rule.takes(0, "/build/test_a") && rule.takes(0, "/usr/bin/x") && !rule.takes(0, "/bin/sed"));
    }
}
