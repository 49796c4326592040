//! Leaves out of plan and facts what the data directory has already (`--only-new`).

use super::StoredFacts;
use super::divide::{before, renumbered};
use crate::debuginfo::{Function, Line};
use crate::plan::{Plan, Stretches};
use crate::recorder::known::{KnownLines, KnownOfSource};
use crate::warning::WarningKind;

impl StoredFacts {
    /// Takes the stretches out of plan and facts of which every line and every function is known.
    pub fn leave_out(&mut self, plan: &mut Plan, known: &KnownLines) {
        let Some(of_image) = known.of_image(&self.path, self.build_id.as_deref()) else { return };
        let sources = self.files.iter().zip(&self.origins);
        let by_file: Vec<Option<KnownOfSource<'_>>> =
            sources.map(|(path, origin)| of_image.of_source(path, origin.digest)).collect();
        let kept = self.new_probes(plan, &by_file);

        plan.dominance = plan.dominance.narrowed(&kept, plan);
        plan.owners = plan.owners.narrowed(&kept, Some);
        self.owners = plan.owners.clone();
        retain(&mut plan.offsets, &kept);
        retain(&mut plan.originals, &kept);
        retain(&mut plan.straight, &kept);
        retain(&mut plan.lines, &kept);
        plan.number_lines_anew();
        self.before = before(plan);
        for (probe, kept) in std::mem::take(&mut self.probes).into_iter().zip(&kept) {
            if *kept { self.probes.push(probe) } else { self.left_out.push(probe) }
        }
        let also = std::mem::take(&mut self.also);
        self.left_out.extend(also.iter().filter(|(probe, _)| !kept[*probe as usize]).map(|(_, line)| *line));
        self.also = renumbered(also, &kept);
        if !self.left_out.is_empty() {
            let text = "only what the data directory did not have was measured (--only-new); per-process \
                        data is incomplete";
            self.warn(WarningKind::OnlyNew, text);
        }
    }

    /// Whether each probe is in a stretch that has something new.
    fn new_probes(&self, plan: &Plan, by_file: &[Option<KnownOfSource<'_>>]) -> Vec<bool> {
        let of_file = |file: u32| by_file[file as usize].as_ref();
        let is_known_function = |function: &Function| {
            of_file(function.file)
                .is_some_and(|known| known.functions.contains(&(function.start, function.name.as_str())))
        };
        let known_functions: Vec<bool> = self.functions.iter().map(is_known_function).collect();
        let sets = plan.owners.by_probe(plan.len());
        let ran = |probe: usize| plan.owners.members(sets[probe]).all(|f| known_functions[f as usize]);
        let is_known = |line: &Line| of_file(line.file).is_some_and(|known| known.lines.contains(line.number));
        let mut new = vec![false; self.probes.len()];
        let mut tells_new = vec![false; self.probes.len()];
        for (probe, line) in &self.also {
            tells_new[*probe as usize] |= !is_known(line);
        }
        let mut next = 0;
        while next < plan.len() {
            let stretch = plan.stretch_of(next);
            let places = stretch.start as usize..stretch.end as usize;
            let is_new = !self.probes[places.clone()].iter().all(is_known)
                || tells_new[places.clone()].contains(&true)
                || !places.clone().all(ran);
            new[places].fill(is_new);
            next = stretch.end;
        }
        new
    }
}

fn retain<T>(of: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    of.retain(|_| kept.next().is_some_and(|kept| *kept));
}
