//! Decimal numbers of any size, read from text and compared without rounding.

use serde_json::Number;
use std::cmp::Ordering;

/// A decimal number; equal numbers are equal however they are written (`1.50`, `15e-1`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decimal {
    negative: bool,
    /// Significant digits without zeros at either end; empty for zero.
    digits: String,
    /// Where the point is: the number is `0.digits` times ten to this power. 0 for zero.
    power: i64,
}

impl Decimal {
    /// Reads a sign, digits, a point with digits, and an exponent; all but one digit may be absent.
    /// `None` for anything else (grouping commas, `1.`, `NaN`) and for absurd exponents.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let written = Written::read(text)?;
        let exponent = match written.exponent {
            Some(exponent) => exponent.parse::<i32>().ok()?,
            None => 0,
        };
        let all = format!("{}{}", written.whole, written.fraction);
        let zeros = all.len() - all.trim_start_matches('0').len();
        let digits = all.trim_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self { negative: false, digits, power: 0 });
        }
        let places = i64::try_from(written.whole.len()).ok()? - i64::try_from(zeros).ok()?;
        Some(Self { negative: written.negative, digits, power: places + i64::from(exponent) })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |d: &Self| match (d.digits.is_empty(), d.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let size = || self.power.cmp(&other.power).then_with(|| self.digits.cmp(&other.digits));
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => size(),
            _ => size().reverse(),
        })
    }
}

/// A decimal as JSON writes it, digit for digit: a `+` and zeros in front of the number are left
/// out, a zero before the point is put in. `None` as in [`Decimal::parse`].
#[must_use]
pub fn json_number(text: &str) -> Option<Number> {
    Decimal::parse(text)?;
    let written = Written::read(text)?;
    let sign = if written.negative { "-" } else { "" };
    let whole = written.whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if written.fraction.is_empty() { "" } else { "." };
    let exponent = written.exponent.map(|e| format!("e{e}")).unwrap_or_default();
    format!("{sign}{whole}{point}{}{exponent}", written.fraction).parse().ok()
}

/// A whole number as JSON writes it; `None` when there is a point, an exponent or no number.
#[must_use]
pub fn json_integer(text: &str) -> Option<Number> {
    let written = Written::read(text)?;
    (written.fraction.is_empty() && written.exponent.is_none()).then(|| json_number(text))?
}

struct Written<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: Option<&'a str>,
}

impl<'a> Written<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (rest, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let are_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let good = !mantissa.is_empty() && are_digits(whole) && are_digits(fraction);
        let good = good
            && exponent.is_none_or(|e| {
                let digits = e.strip_prefix(['+', '-']).unwrap_or(e);
                !digits.is_empty() && are_digits(digits)
            });
        good.then_some(Self { negative, whole, fraction, exponent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_compared_by_value() {
        let check = |a: &str, expect: Ordering, b: &str| {
            assert_eq!(
                Decimal::parse(a).unwrap().cmp(&Decimal::parse(b).unwrap()),
                expect,
                "{a} {b}"
            );
        };
        check("1", Ordering::Equal, "1.0");
        check("1.50", Ordering::Equal, "15e-1");
        check("0", Ordering::Equal, "-0.00");
        check("0e9", Ordering::Equal, "0");
        check("9", Ordering::Less, "10");
        check("0.9", Ordering::Less, "1");
        check("0.09", Ordering::Less, "0.1");
        check("-10", Ordering::Less, "-9");
        check("-1", Ordering::Less, "0");
        check("-1", Ordering::Less, "0.001");
        check(
            "123456789012345678901234567890.1",
            Ordering::Less,
            "123456789012345678901234567890.2",
        );
        check("1e400", Ordering::Greater, "9e399");
        check("12", Ordering::Greater, "1.3");
    }

    #[test]
    fn json_form_keeps_digits() {
        let check = |input: &str, expect: Option<&str>| {
            assert_eq!(json_number(input).map(|n| n.to_string()).as_deref(), expect, "{input}");
        };
        check("12.50", Some("12.50"));
        check("+5", Some("5"));
        check("-0.10", Some("-0.10"));
        check("007", Some("7"));
        check(".5", Some("0.5"));
        check("00", Some("0"));
        check("123456789012345678901234567890", Some("123456789012345678901234567890"));
        check("1e3", Some("1e+3"));
        check("1e+3", Some("1e+3"));
        check("1e-3", Some("1e-3"));
        for bad in [
            "",
            "-",
            ".",
            "1.",
            "1,000",
            "1 000",
            "1.2.3",
            "0x10",
            "NaN",
            "∞",
            "١",
            "--1",
            "1e",
            "1e99999999999",
            "£5",
            "5%",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn whole_numbers() {
        let check = |input: &str, expect: Option<&str>| {
            assert_eq!(json_integer(input).map(|n| n.to_string()).as_deref(), expect, "{input}");
        };
        check("42", Some("42"));
        check("-7", Some("-7"));
        check("+007", Some("7"));
        check("5.0", None);
        check("1e3", None);
        check("", None);
    }

    proptest! {
        #[test]
        fn order_is_that_of_integers(a in -10_000i64..10_000, b in -10_000i64..10_000, places in 0usize..4) {
            let write = |n: i64| format!("{n}e-{places}");
            let (x, y) = (Decimal::parse(&write(a)).unwrap(), Decimal::parse(&write(b)).unwrap());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        }

        #[test]
        fn json_form_is_its_own(text in "[-+]?[0-9]{0,6}(\\.[0-9]{0,4})?([eE][-+]?[0-9]{0,3})?") {
            if let Some(number) = json_number(&text) {
                let again = json_number(&number.to_string()).unwrap();
                prop_assert_eq!(again.to_string(), number.to_string());
                prop_assert_eq!(Decimal::parse(&text), Decimal::parse(&number.to_string()));
            }
        }
    }
}
