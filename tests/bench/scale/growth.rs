//! How a figure grows with the size of what it is measured on.

/// The exponent b of the curve a * size^b that is nearest to the points, by least squares of the logarithms.
pub fn exponent(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> =
        points.iter().map(|(size, value)| (size.ln(), value.max(f64::MIN_POSITIVE).ln())).collect();
    let count = logs.len() as f64;
    let mean = |part: fn(&(f64, f64)) -> f64| logs.iter().map(part).sum::<f64>() / count;
    let (size, value) = (mean(|log| log.0), mean(|log| log.1));
    let slope: f64 = logs.iter().map(|log| (log.0 - size) * (log.1 - value)).sum();
    slope / logs.iter().map(|log| (log.0 - size).powi(2)).sum::<f64>()
}
