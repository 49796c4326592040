//! Shares of lines that ran, and what is required of them.
//!
//! Invariants: 0 and 100 are only shown where they are exact; a requirement is compared exactly, so it is never met by
//! rounding.

use std::cmp::Ordering;
use std::str::FromStr;

/// How many of a number of lines ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ratio {
    /// Lines that ran.
    pub ran: u64,
    /// Lines that have code.
    pub lines: u64,
}

impl Ratio {
    /// The percentage, rounded to a number of decimals (at most 9), without a sign; 100 of no lines.
    pub fn percent(self, decimals: u8) -> String {
        decimal(self.of(100 * power(decimals)), decimals)
    }

    /// The share from 0 to 1 with six decimals; 1 of no lines.
    pub fn rate(self) -> String {
        decimal(self.of(power(6)), 6)
    }

    /// The share of a number, rounded; that number of no lines.
    fn of(self, whole: u128) -> u128 {
        let rounded = if self.lines == 0 {
            whole
        } else {
            let lines = u128::from(self.lines);
            (2 * u128::from(self.ran) * whole + lines) / (2 * lines)
        };
        if self.ran == 0 && self.lines > 0 {
            0
        } else if self.ran >= self.lines {
            whole
        } else {
            rounded.clamp(1, whole - 1)
        }
    }

    /// The percentage cut off, not rounded, after a number of decimals.
    fn percent_cut(self, decimals: u8) -> String {
        let whole = 100 * power(decimals);
        let cut = (u128::from(self.ran) * whole).checked_div(self.lines.into());
        decimal(cut.unwrap_or(whole), decimals)
    }

    /// How good the share is.
    pub fn level(self) -> Level {
        if self.compare(Ratio { ran: 9, lines: 10 }).is_ge() {
            Level::Good
        } else if self.compare(Ratio { ran: 3, lines: 4 }).is_ge() {
            Level::Fair
        } else {
            Level::Poor
        }
    }

    /// Compares the shares.
    pub fn compare(self, other: Ratio) -> Ordering {
        let product = |ratio: Ratio, lines: u64| u128::from(ratio.ran) * u128::from(lines);
        product(self, other.lines).cmp(&product(other, self.lines))
    }
}

impl std::ops::Add for Ratio {
    type Output = Ratio;

    fn add(self, other: Ratio) -> Ratio {
        Ratio { ran: self.ran + other.ran, lines: self.lines + other.lines }
    }
}

impl std::iter::Sum for Ratio {
    fn sum<I: Iterator<Item = Ratio>>(ratios: I) -> Ratio {
        ratios.fold(Ratio::default(), |sum, ratio| sum + ratio)
    }
}

/// How good a share is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// At least nine of ten.
    Good,
    /// At least three of four.
    Fair,
    /// Less than three of four.
    Poor,
}

/// A percentage that must be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The percentage times 10 to the power of `decimals`.
    scaled: u64,
    decimals: u8,
}

/// Why a text is no threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a number from 0 to 100 with at most 9 decimals, such as 80 or 87.5")]
pub struct ThresholdError;

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let decimals = u8::try_from(fraction.len()).map_err(|_| ThresholdError)?;
        let digits = format!("{whole}{fraction}");
        if whole.len() > 3 || decimals > 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ThresholdError);
        }
        let scaled = digits.parse().map_err(|_| ThresholdError)?;
        let threshold = Threshold { scaled, decimals };
        if u128::from(scaled) > 100 * power(decimals) {
            return Err(ThresholdError);
        }
        Ok(threshold)
    }
}

impl Threshold {
    /// Whether a share reaches it.
    pub fn is_reached(self, ratio: Ratio) -> bool {
        u128::from(ratio.ran) * 100 * power(self.decimals) >= u128::from(self.scaled) * u128::from(ratio.lines)
    }

    /// What to say of a share that does not reach it: with as many decimals as tell them apart.
    pub fn shortfall(self, ratio: Ratio) -> String {
        let cut = ratio.percent_cut(self.decimals.max(1) + 1);
        format!("the total of {cut}% is below the required {}%", decimal(self.scaled.into(), self.decimals))
    }
}

fn power(decimals: u8) -> u128 {
    10u128.pow(u32::from(decimals))
}

fn decimal(scaled: u128, decimals: u8) -> String {
    let (whole, fraction) = (scaled / power(decimals), scaled % power(decimals));
    match decimals {
        0 => whole.to_string(),
        _ => format!("{whole}.{fraction:0width$}", width = usize::from(decimals)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(ran: u64, lines: u64) -> Ratio {
        Ratio { ran, lines }
    }

    #[test]
    fn zero_and_a_hundred_are_exact() {
        for (ran, lines, decimals, shown) in [
            (0, 3, 1, "0.0"),
            (3, 3, 1, "100.0"),
            (0, 0, 0, "100"),
            (1, 3, 1, "33.3"),
            (2, 3, 0, "67"),
            (2, 3, 9, "66.666666667"),
            (1, 8, 2, "12.50"),
            (1, 8, 0, "13"),
            (1, 1_000_000, 0, "1"),
            (1, 1_000_000, 2, "0.01"),
            (1, 1_000_000, 4, "0.0001"),
            (999_999, 1_000_000, 0, "99"),
            (999_999, 1_000_000, 3, "99.999"),
            (u64::MAX - 1, u64::MAX, 9, "99.999999999"),
        ] {
            assert_eq!(ratio(ran, lines).percent(decimals), shown, "{ran}/{lines}");
        }
    }

    #[test]
    fn rates_are_never_rounded_to_0_or_1() {
        let rates = [(0, 3), (1, 3), (2, 3), (3, 3), (0, 0), (1, u64::MAX), (u64::MAX - 1, u64::MAX)];
        let shown = rates.map(|(ran, lines)| ratio(ran, lines).rate());
        assert_eq!(shown, ["0.000000", "0.333333", "0.666667", "1.000000", "1.000000", "0.000001", "0.999999"]);
    }

    #[test]
    fn a_threshold_is_never_met_by_rounding() {
        let reached = |text: &str, ran, lines| text.parse::<Threshold>().unwrap().is_reached(ratio(ran, lines));
        assert!(reached("100", 3, 3) && !reached("100", 999_999, 1_000_000));
        assert!(reached("99.9", 999, 1000) && !reached("99.91", 999, 1000));
        assert!(reached("66.66", 2, 3) && !reached("66.67", 2, 3) && !reached("67", 2, 3));
        assert!(reached("0", 0, 3) && !reached("0.000000001", 0, 3));
        let shortfall = |text: &str| text.parse::<Threshold>().unwrap().shortfall(ratio(2, 3));
        assert_eq!(shortfall("66.67"), "the total of 66.666% is below the required 66.67%");
        assert_eq!(shortfall("67"), "the total of 66.66% is below the required 67%");
    }

    #[test]
    fn what_is_no_percentage_is_refused() {
        for text in ["", ".", "-1", "+1", "100.1", "101", "1e1", "nan", "1.0000000000", "0100", "5%", "1.2.3"] {
            assert_eq!(text.parse::<Threshold>(), Err(ThresholdError), "{text}");
        }
        assert_eq!("100.000".parse::<Threshold>().unwrap().scaled, 100_000);
        assert!(".5".parse::<Threshold>().is_ok() && "5.".parse::<Threshold>().is_ok());
    }

    #[test]
    fn shares_compare_exactly() {
        assert_eq!(ratio(1, 3).compare(ratio(2, 6)), Ordering::Equal);
        assert_eq!(ratio(u64::MAX - 1, u64::MAX).compare(ratio(1, 1)), Ordering::Less);
    }
}
