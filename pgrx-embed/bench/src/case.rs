//! One line of the table: two series of measurements, taken in turn.

use pgrx_embed::error::Result;

/// A comparison of two measurements, with a limit for the first in relation to the second.
pub struct Case {
    pub what: String,
    pub against: String,
    /// The unit of the numbers.
    pub unit: &'static str,
    pub a: Vec<f64>,
    pub b: Vec<f64>,
    pub limit: Option<Limit>,
}

/// The maximum for the first side.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Limit {
    /// The second side times this factor.
    Times(f64),
    /// The second side plus this much, in the case's unit.
    Plus(f64),
}

/// The number of pairs from which the spread leaves out the extremes: a shorter series shows them.
const FEW: usize = 100;

/// The width of the interval of a ratio from which on it counts as known.
const STEADY: f64 = 0.03;

/// The number of samples that an interval is read from.
const RESAMPLES: usize = 1_000;

impl Case {
    /// Measures both sides in turn. Every other time the first side is measured first.
    pub fn pairs(
        mut self,
        count: usize,
        mut a: impl FnMut() -> Result<f64>,
        mut b: impl FnMut() -> Result<f64>,
    ) -> Result<Case> {
        for round in 0..count {
            if round % 2 == 0 {
                self.a.push(a()?);
                self.b.push(b()?);
            } else {
                self.b.push(b()?);
                self.a.push(a()?);
            }
        }
        Ok(self)
    }

    /// The same with as many pairs as it takes until the [interval](Case::interval) of the ratio is
    /// less than [`STEADY`] wide, at least `few` and at most `many`.
    pub fn steady(
        mut self,
        few: usize,
        many: usize,
        mut a: impl FnMut() -> Result<f64>,
        mut b: impl FnMut() -> Result<f64>,
    ) -> Result<Case> {
        loop {
            let next = few.min(many - self.a.len());
            self = self.pairs(next, &mut a, &mut b)?;
            let (low, high) = self.interval();
            if high - low < STEADY || self.a.len() >= many {
                return Ok(self);
            }
        }
    }

    pub fn new(what: &str, against: &str, unit: &'static str, limit: Option<Limit>) -> Case {
        Case {
            what: what.to_owned(),
            against: against.to_owned(),
            unit,
            a: Vec::new(),
            b: Vec::new(),
            limit,
        }
    }

    /// The median of the first side divided by the median of the second.
    pub fn ratio(&self) -> f64 {
        median(&self.a) / median(&self.b)
    }

    /// The median of the first side minus the median of the second.
    pub fn difference(&self) -> f64 {
        median(&self.a) - median(&self.b)
    }

    /// The spread of the ratios of single pairs: the lowest and the highest, or the middle 90 % of
    /// a long series.
    pub fn spread(&self) -> (f64, f64) {
        self.spread_of(|a, b| a / b)
    }

    /// The same for the differences of single pairs.
    pub fn spread_of_differences(&self) -> (f64, f64) {
        self.spread_of(|a, b| a - b)
    }

    /// The interval that has the ratio of medians in 95 of 100 runs like this one: the middle 95 %
    /// of the ratios of [`RESAMPLES`] samples, each as many pairs drawn from those measured, with
    /// replacement (bootstrap).
    pub fn interval(&self) -> (f64, f64) {
        self.interval_of(|a, b| median(a) / median(b))
    }

    /// The same for the difference of medians.
    pub fn interval_of_differences(&self) -> (f64, f64) {
        self.interval_of(|a, b| median(a) - median(b))
    }

    fn interval_of(&self, relation: impl Fn(&[f64], &[f64]) -> f64) -> (f64, f64) {
        let count = self.a.len();
        let mut random = Random(1);
        let mut found: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                let drawn: Vec<usize> = (0..count).map(|_| random.below(count)).collect();
                let side = |all: &[f64]| -> Vec<f64> { drawn.iter().map(|&at| all[at]).collect() };
                relation(&side(&self.a), &side(&self.b))
            })
            .collect();
        found.sort_by(f64::total_cmp);
        let cut = RESAMPLES / 40;
        (found[cut], found[RESAMPLES - 1 - cut])
    }

    fn spread_of(&self, relation: impl Fn(f64, f64) -> f64) -> (f64, f64) {
        let pairs = self.a.iter().zip(&self.b);
        let mut all: Vec<f64> = pairs.map(|(&a, &b)| relation(a, b)).collect();
        all.sort_by(f64::total_cmp);
        let cut = match all.len() {
            0..FEW => 0,
            many => many / 20,
        };
        (all[cut], all[all.len() - 1 - cut])
    }

    /// The limit as a ratio. For a limit that is a difference, the ratio depends on the
    /// measurements of this run.
    pub fn limit_ratio(&self) -> Option<f64> {
        self.limit.map(|limit| match limit {
            Limit::Times(times) => times,
            Limit::Plus(more) => 1.0 + more / median(&self.b),
        })
    }

    /// Returns true if the limit is kept; `None` if there is no limit.
    pub fn met(&self) -> Option<bool> {
        self.limit_ratio().map(|limit| self.ratio() <= limit)
    }
}

/// Numbers that look random and are the same in each run (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % count.max(1) as u64).unwrap_or(0)
    }
}

/// The middle value, or the mean of the middle two.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratio_of_medians_and_extremes_of_pairs() {
        let mut case = Case::new("a", "b", "ms", Some(Limit::Times(2.0)));
        case.a = vec![1.0, 9.0, 4.0];
        case.b = vec![2.0, 3.0, 2.0];
        assert!((case.ratio() - 2.0).abs() < 1e-9);
        assert_eq!(case.spread(), (0.5, 3.0));
        assert_eq!(case.met(), Some(true));
        assert!((median(&[1.0, 2.0]) - 1.5).abs() < 1e-9);
    }

    #[test]
    fn a_limit_may_be_a_difference() {
        let mut case = Case::new("a", "b", "µs", Some(Limit::Plus(3.0)));
        case.a = vec![5.0, 4.9, 5.1];
        case.b = vec![2.0, 2.0, 2.0];
        assert_eq!(case.limit_ratio(), Some(2.5));
        assert_eq!(case.met(), Some(true));
        assert!((case.difference() - 3.0).abs() < 1e-9);
        assert_eq!(case.spread_of_differences(), (4.9 - 2.0, 5.1 - 2.0));
        case.b = vec![1.9; 3];
        assert_eq!(case.met(), Some(false));
    }

    #[test]
    fn the_interval_of_a_ratio_is_wide_if_few_pairs_differ_and_narrow_if_many_agree() {
        let mut case = Case::new("a", "b", "ms", None);
        case.a = vec![1.0, 1.5, 2.0, 1.2, 1.8];
        case.b = vec![1.0; 5];
        let (low, high) = case.interval();
        assert!(low < case.ratio() && case.ratio() < high && high - low > 0.3);
        case.a = (0..200).map(|n| 1.0 + f64::from(n % 5) / 100.0).collect();
        case.b = vec![1.0; 200];
        let (low, high) = case.interval();
        assert!(low <= case.ratio() && case.ratio() <= high && high - low <= 0.02);
    }

    #[test]
    fn pairs_are_added_until_the_ratio_is_known_or_there_are_enough() {
        let wild = std::cell::Cell::new(1.0);
        let side = || {
            wild.set(if wild.get() > 1.5 { 1.0 } else { 2.0 });
            Ok(wild.get())
        };
        let case = |many, a: &dyn Fn() -> Result<f64>| {
            Case::new("", "", "ms", None).steady(5, many, a, || Ok(1.0))
        };
        assert_eq!(case(40, &|| Ok(1.0)).unwrap().a.len(), 5);
        assert_eq!(case(12, &side).unwrap().a.len(), 12);
    }

    #[test]
    fn sides_take_turns() {
        let order = std::cell::RefCell::new(String::new());
        let side = |name: char| {
            order.borrow_mut().push(name);
            Ok(1.0)
        };
        Case::new("", "", "ms", None)
            .pairs(3, || side('a'), || side('b'))
            .unwrap();
        assert_eq!(order.into_inner(), "abbaab");
    }
}
