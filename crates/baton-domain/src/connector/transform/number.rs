use serde_json::{Number, Value};

/// Most decimals a number can be given.
const DECIMALS_MAX: usize = 12;
/// Longest text that is read as a number, in bytes.
const INPUT_BYTES_MAX: usize = 60;
/// Largest exponent that is written out.
const EXPONENT_MAX: i32 = 30;

/// How a number is written. Digits are worked on as text, so no value changes by passing through a
/// binary fraction.
#[derive(Clone, Debug)]
pub(super) struct Format {
    decimals: usize,
}

impl Format {
    pub(super) fn compile(argument: &Value) -> Result<Self, String> {
        let decimals = argument
            .as_object()
            .filter(|o| o.len() == 1)
            .and_then(|o| o.get("decimals"))
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
            .filter(|n| *n <= DECIMALS_MAX);
        let message = format!("`number` takes {{\"decimals\": 0 to {DECIMALS_MAX}}}");
        decimals.map(|decimals| Self { decimals }).ok_or(message)
    }

    /// The number rounded half away from zero; a JSON number stays one, a text stays a text.
    pub(super) fn apply(&self, value: &Value, text: &str) -> Option<Value> {
        let written = self.write(&Decimal::read(text)?);
        match value {
            Value::Number(_) => written.parse::<Number>().ok().map(Value::Number),
            _ => Some(Value::String(written)),
        }
    }

    fn write(&self, decimal: &Decimal) -> String {
        let mut digits = decimal.whole.clone();
        let mut fraction = decimal.fraction.clone();
        let round_up = fraction.get(self.decimals).is_some_and(|d| *d >= 5);
        fraction.resize(self.decimals, 0);
        digits.extend(&fraction);
        if round_up {
            add_one(&mut digits);
        }
        let point = digits.len() - self.decimals;
        let leading = digits[..point].iter().take_while(|d| **d == 0).count().min(point - 1);
        let text = |digits: &[u8]| digits.iter().map(|d| char::from(b'0' + d)).collect::<String>();
        let mut out = String::new();
        if decimal.negative && digits.iter().any(|d| *d != 0) {
            out.push('-');
        }
        out.push_str(&text(&digits[leading..point]));
        if self.decimals > 0 {
            out.push('.');
            out.push_str(&text(&digits[point..]));
        }
        out
    }
}

fn add_one(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < 9 {
            *digit += 1;
            return;
        }
        *digit = 0;
    }
    digits.insert(0, 1);
}

/// A number as its digits. `whole` has at least one.
struct Decimal {
    negative: bool,
    whole: Vec<u8>,
    fraction: Vec<u8>,
}

impl Decimal {
    /// Reads `-1234.5`, `1,234.5` (commas in thousands places only) and `1.2e3`.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > INPUT_BYTES_MAX {
            return None;
        }
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (rest, 0),
        };
        if exponent.abs() > EXPONENT_MAX {
            return None;
        }
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let whole = digits(&without_thousands(whole)?)?;
        let fraction = digits(fraction)?;
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        Some(Self::shifted(negative, whole, fraction, exponent))
    }

    fn shifted(negative: bool, whole: Vec<u8>, fraction: Vec<u8>, exponent: i32) -> Self {
        let (mut whole, mut fraction) = (whole, fraction);
        for _ in 0..exponent {
            whole.push(if fraction.is_empty() { 0 } else { fraction.remove(0) });
        }
        for _ in exponent..0 {
            fraction.insert(0, whole.pop().unwrap_or(0));
        }
        if whole.is_empty() {
            whole.push(0);
        }
        Self { negative, whole, fraction }
    }
}

fn digits(text: &str) -> Option<Vec<u8>> {
    text.bytes().map(|b| b.is_ascii_digit().then(|| b - b'0')).collect()
}

fn without_thousands(text: &str) -> Option<String> {
    let mut groups = text.split(',');
    let first = groups.next()?;
    let mut out = first.to_owned();
    for group in groups {
        if group.len() != 3 || first.is_empty() || first.len() > 3 {
            return None;
        }
        out.push_str(group);
    }
    Some(out)
}
