//! Growth over time as a drawing.

use crate::report::model::growth::{Curve, CurvePoint};
use crate::report::model::percent::Ratio;
use crate::report::terminal::wording::{date_time, span};
use jiff::tz::TimeZone;

/// Width of the drawing; its height is 100.
const WIDTH: i64 = 400;

/// A curve as it is shown.
#[derive(Debug)]
pub(super) struct Drawn {
    /// The run, and the process if it is that of one.
    pub(super) name: String,
    /// When it began.
    pub(super) began: String,
    /// How long it took to the last new line.
    pub(super) span: String,
    /// Lines that ran.
    pub(super) total: u64,
    /// Lines there are.
    pub(super) lines: u64,
    /// The share of lines that ran, in percent.
    pub(super) percent: String,
    /// The line, as SVG's path data.
    pub(super) path: String,
}

impl Drawn {
    /// Draws a curve.
    pub(super) fn of(curve: &Curve, zone: &TimeZone) -> Drawn {
        let began = curve.began.0;
        let millis = curve.points.last().map_or(0, |point| point.at.0.saturating_sub(began)).max(1);
        let total = curve.points.last().map_or(0, |point| point.total);
        let mut path = String::from("M0 100");
        for CurvePoint { at, total } in &curve.points {
            let x = i128::from(at.0.saturating_sub(began).max(0)) * i128::from(WIDTH) * 10 / i128::from(millis);
            let y = 1000 - i128::from(*total) * 1000 / i128::from(curve.lines.max(1));
            path.push_str(&format!("H{}.{}V{}.{}", x / 10, x % 10, y / 10, y % 10));
        }
        Drawn {
            name: curve.run.clone() + &curve.pid.map_or(String::new(), |pid| format!(", process {pid}")),
            began: date_time(curve.began, zone),
            span: span(millis),
            total,
            lines: curve.lines,
            percent: Ratio { ran: total, lines: curve.lines }.percent(1),
            path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::UnixMillis;

    #[test]
    fn a_curve_is_drawn_in_steps() {
        let points = [(1_500, 5), (3_000, 7)].map(|(at, total)| CurvePoint { at: UnixMillis(at), total }).into();
        let curve = Curve { run: "r".to_owned(), pid: Some(7), began: UnixMillis(1_000), points, lines: 10 };
        let drawn = Drawn::of(&curve, &TimeZone::UTC);
        assert_eq!(drawn.path, "M0 100H100.0V50.0H400.0V30.0");
        assert_eq!(
            (drawn.name.as_str(), drawn.percent.as_str(), drawn.span.as_str()),
            ("r, process 7", "70.0", "2.000 s")
        );
        let odd = Curve { points: vec![CurvePoint { at: UnixMillis(i64::MIN), total: 0 }], lines: 0, ..curve };
        assert_eq!(Drawn::of(&odd, &TimeZone::UTC).path, "M0 100H0.0V100.0");
    }
}
