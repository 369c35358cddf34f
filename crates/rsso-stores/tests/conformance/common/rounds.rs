//! How often the random and the concurrent tests repeat.

/// The value of `RSSO_ROUNDS`, or `default` if it is not set.
pub fn rounds(default: usize) -> usize {
    let value = std::env::var("RSSO_ROUNDS").ok();
    value.map_or(default, |text| text.parse().unwrap())
}
