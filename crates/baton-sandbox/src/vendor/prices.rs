//! Money as the vendors' answers show it, and how it is drawn.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Most prices in a list.
const LIST_MAX: usize = 1_000;
/// Longest number read, in digits before the point.
const WHOLE_DIGITS_MAX: usize = 9;

/// An amount in hundredths; shown with two decimals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Cents(pub u64);

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Cents {
    /// As a JSON number that keeps its two decimals.
    pub(super) fn number(self) -> serde_json::Value {
        serde_json::from_str(&self.to_string()).unwrap_or_default()
    }

    /// Reads `5`, `5.5` or `5.25`; further decimals may only be zeros.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let fits = !whole.is_empty() && whole.len() <= WHOLE_DIGITS_MAX;
        if !fits || !digits(whole) || !digits(part) {
            return None;
        }
        let (cents, rest) = part.split_at(part.len().min(2));
        if !rest.bytes().all(|b| b == b'0') {
            return None;
        }
        let cents: u64 = format!("{cents:0<2}").parse().ok()?;
        Some(Self(whole.parse::<u64>().ok()? * 100 + cents))
    }
}

/// What prices are drawn from: `25` is always that, `5-25` any whole number of hundredths between,
/// `5,10,10,25` one of the list, each as likely as the others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Prices {
    /// From the first to the second, both included.
    Between(Cents, Cents),
    /// One of them.
    OneOf(Vec<Cents>),
}

impl Default for Prices {
    fn default() -> Self {
        Self::OneOf(vec![Cents(2_500)])
    }
}

/// The prices cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "prices {0:?} cannot be read; give one such as 25, a range such as 5-25, or a list 5,10,25"
)]
pub struct PricesError(String);

impl FromStr for Prices {
    type Err = PricesError;

    fn from_str(text: &str) -> Result<Self, PricesError> {
        let wrong = || PricesError(text.to_owned());
        if let Some((from, to)) = text.split_once('-') {
            let from = Cents::read(from).ok_or_else(wrong)?;
            let to = Cents::read(to).ok_or_else(wrong)?;
            return if from <= to { Ok(Self::Between(from, to)) } else { Err(wrong()) };
        }
        let list: Option<Vec<Cents>> =
            text.split(',').take(LIST_MAX + 1).map(Cents::read).collect();
        match list {
            Some(list) if list.len() <= LIST_MAX => Ok(Self::OneOf(list)),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Prices {
    type Error = PricesError;

    fn try_from(text: String) -> Result<Self, PricesError> {
        text.parse()
    }
}

impl From<Prices> for String {
    fn from(prices: Prices) -> Self {
        match prices {
            Prices::Between(from, to) => format!("{from}-{to}"),
            Prices::OneOf(list) => {
                let texts: Vec<String> = list.iter().map(Cents::to_string).collect();
                texts.join(",")
            }
        }
    }
}

impl Prices {
    /// The one that a draw means.
    pub(super) fn pick(&self, draw: u64) -> Cents {
        match self {
            Self::Between(from, to) => Cents(from.0 + draw % (to.0 - from.0 + 1)),
            Self::OneOf(list) => {
                let at = draw % (list.len().max(1) as u64);
                usize::try_from(at).ok().and_then(|at| list.get(at)).copied().unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prices_are_read_and_written() {
        let check = |text: &str, expect: Option<&str>| {
            let read: Result<Prices, _> = text.parse();
            assert_eq!(read.ok().map(String::from).as_deref(), expect, "{text:?}");
        };
        check("25", Some("25.00"));
        check("0.5", Some("0.50"));
        check("1.0000", Some("1.00"));
        check("5-25", Some("5.00-25.00"));
        check("5.25-5.25", Some("5.25-5.25"));
        check("5,10,10,25", Some("5.00,10.00,10.00,25.00"));
        for wrong in ["", "free", "25-5", "-5", "1.234", "1,,2", "5-", "1e3", "9999999999"] {
            check(wrong, None);
        }
    }

    #[test]
    fn picks_stay_inside_and_reach_both_ends() {
        let picks = |text: &str| -> Vec<u64> {
            let prices: Prices = text.parse().unwrap();
            (0..50).map(|draw| prices.pick(draw).0).collect()
        };
        let between = picks("1-1.09");
        assert!(between.contains(&100) && between.contains(&109), "{between:?}");
        assert!(between.iter().all(|c| (100..=109).contains(c)), "{between:?}");
        assert!(picks("5,10").iter().all(|c| [500, 1_000].contains(c)));
    }

    proptest! {
        #[test]
        fn no_price_panics(text in "\\PC{0,20}|[0-9.,-]{0,20}", draw: u64) {
            if let Ok(prices) = text.parse::<Prices>() {
                prices.pick(draw);
            }
        }
    }
}
