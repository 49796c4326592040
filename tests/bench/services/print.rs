//! The results in words.

use crate::cycles::Cycles;
use crate::rounds::{Pause, Rounds};
use crate::switches::Switches;
use testing::bench::median;
use testing::service::footprint::Footprint;

/// What alternating rounds showed.
pub fn rounds(result: &Rounds) -> String {
    let bare: Vec<f64> = result.bare.iter().map(|window| window.per_second).collect();
    let steady: Vec<f64> = result.steady.iter().map(|window| window.per_second).collect();
    let mut lines = vec![
        format!("{}: {} rounds, phases of {} s", result.service, result.ratios.len(), result.seconds),
        format!("  answers a second       bare {:.0}, attached {:.0} (medians)", median(&bare), median(&steady)),
        format!(
            "  steady ratio           {:.4} (goal 0.99) of {}; bare phases among themselves {}",
            result.ratio,
            list(&result.ratios, 4),
            list(&result.bare_ratios, 4)
        ),
        format!(
            "  processor time ratio   {:.4} for an answer (goal 1.01) of {}; bare phases among themselves {}",
            result.cpu_ratio,
            list(&result.cpu_ratios, 4),
            list(&result.bare_cpu_ratios, 4)
        ),
        format!("  first second attached  {} of bare", list(&result.first_second, 3)),
        format!(
            "  requests               {} answered, {} failed (goal 0), {} reconnects, {} saves or reloads",
            result.answers, result.failed, result.reconnects, result.events
        ),
        format!(
            "  a save or reload       {:.0} ms bare, {:.0} attached (medians)",
            result.event_ms.0, result.event_ms.1
        ),
        format!("  attach                 {}", pauses(&result.attach)),
        format!("  detach                 {}", pauses(&result.detach)),
        format!(
            "  bare, as long          longest gap {:.1} ms (median; longest {:.1}), wait {:.1} ms (median; longest {:.1})",
            result.bare_gap_ms.0, result.bare_gap_ms.1, result.bare_wait_ms.0, result.bare_wait_ms.1
        ),
        format!("  service before         {}", footprint(&result.before)),
        format!("  service attached       {}", footprint(&result.attached)),
        format!("  service after          {}", footprint(&result.after)),
    ];
    lines.extend(result.cov_trace.iter().map(|one| format!("  {:<22} {}", one.name, footprint(one))));
    if !result.live.is_empty() {
        let [seen, alone] = [0, 1].map(|which| {
            let of = |(seen, alone): &(f64, f64)| if which == 0 { *seen } else { *alone };
            list(&result.live.iter().map(of).collect::<Vec<_>>(), 2)
        });
        lines.push(format!("  seen by a report after {seen} s (goal 1), of which the report alone takes {alone}"));
    }
    lines.push(format!("  data                   {} KiB", result.data_kib));
    lines.extend(result.said.iter().map(|said| format!("  | {said}")));
    lines.extend(result.wrong.iter().map(|wrong| format!("  WRONG: {wrong}")));
    lines.join("\n")
}

/// What cycles showed.
pub fn cycles(result: &Cycles) -> String {
    let mut lines = vec![
        format!("{}: {} of {} cycles of attaching and letting go", result.service, result.done, result.asked_for),
        format!(
            "  requests               {} answered, {} failed (goal 0), {} reconnects, {} saves or reloads",
            result.answers, result.failed, result.reconnects, result.events
        ),
        format!("  longest gap            {:.1} ms", result.gap_ms),
        format!(
            "  attach                 {:.0} ms (median; longest {:.0}); first tenth {:.0}, last tenth {:.0}",
            result.attach_ms.0,
            result.attach_ms.1,
            result.first_and_last_attach_ms.0,
            result.first_and_last_attach_ms.1
        ),
        format!("  detach                 {:.0} ms (median; longest {:.0})", result.detach_ms.0, result.detach_ms.1),
        format!("  service before         {}", footprint(&result.before)),
        format!("  service after          {}", footprint(&result.after)),
        format!("  data                   {} KiB", result.data_kib),
    ];
    lines.extend(result.wrong.iter().map(|wrong| format!("  WRONG: {wrong}")));
    lines.join("\n")
}

/// What the switches of one service showed.
pub fn switches(result: &Switches) -> String {
    let Switches { switch_ms, command_ms, alone, switched, .. } = result;
    let mut lines = vec![
        format!("{}: {} of {} switches of the context", result.service, result.done, result.asked_for),
        format!(
            "  requests               {} answered, {} failed (goal 0), {} reconnects",
            result.answers, result.failed, result.reconnects
        ),
        format!(
            "  switch                 {:.2} ms (median; longest {:.1}), of which the command takes {:.2} (longest {:.1})",
            switch_ms.0, switch_ms.1, command_ms.0, command_ms.1
        ),
        format!("  throughput             {:.3} of that of the service left alone", result.ratio),
        format!("  longest gap            {:.1} ms, left alone {:.1}", switched.gap_ms, alone.gap_ms),
        format!("  longest wait           {:.1} ms, left alone {:.1}", switched.wait_ms, alone.wait_ms),
        format!("  data                   {} KiB", result.data_kib),
    ];
    lines.extend(result.wrong.iter().map(|wrong| format!("  WRONG: {wrong}")));
    lines.join("\n")
}

fn footprint(one: &Footprint) -> String {
    format!(
        "{} KiB, {} descriptors, {} threads, {} processes",
        one.rss_kib, one.descriptors, one.threads, one.processes
    )
}

fn pauses(all: &[Pause]) -> String {
    let of = |value: fn(&Pause) -> f64| list(&all.iter().map(value).collect::<Vec<_>>(), 1);
    format!(
        "longest gap {} ms, wait {} ms; took {} ms",
        of(|pause| pause.gap_ms),
        of(|pause| pause.wait_ms),
        of(|pause| pause.took_ms)
    )
}

fn list(values: &[f64], digits: usize) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("{value:.digits$}")).collect();
    if values.is_empty() { "-".to_owned() } else { values.join(" ") }
}
