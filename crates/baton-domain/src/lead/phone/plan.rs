//! Numbering plans: the metadata of the `phonenumber` crate with its patterns compiled once.
//!
//! The crate's own patterns sit behind one lock and a cache of a hundred, which several countries
//! under load would fight for.

use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor};
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

/// Country codes have one to three digits (ITU-T E.164).
const COUNTRY_CODE_MAX: u16 = 999;
/// The region name the metadata gives to numbers of no country, such as +800.
const NO_REGION: &str = "001";

static PLANS: LazyLock<BTreeMap<u16, Plan>> = LazyLock::new(|| {
    (1..=COUNTRY_CODE_MAX)
        .filter_map(|code| {
            let regions: Vec<_> = DATABASE.by_code(&code)?.into_iter().map(Region::new).collect();
            (!regions.is_empty()).then_some((code, Plan { code, regions }))
        })
        .collect()
});

/// The plan of one country code; its first region is the main one (the US for +1).
pub(super) struct Plan {
    code: u16,
    regions: Vec<Region>,
}

/// How the length of a national number compares with what the plan has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Length {
    Possible,
    /// Can be dialled within its area only.
    LocalOnly,
    TooShort,
    TooLong,
    /// Between lengths that exist.
    Between,
}

impl Length {
    pub(super) fn is_possible(self) -> bool {
        matches!(self, Self::Possible | Self::LocalOnly)
    }
}

impl Plan {
    pub(super) fn of_code(code: u16) -> Option<&'static Self> {
        PLANS.get(&code)
    }

    /// The plan of an ISO 3166-1 alpha-2 country. Its main region may be another country (the US
    /// for Canada), which has the same lengths and prefixes.
    pub(super) fn of_country(country: &str) -> Option<&'static Self> {
        let id = country.trim().to_ascii_uppercase();
        Self::of_code(DATABASE.by_id(id.as_str())?.country_code())
    }

    pub(super) fn code(&self) -> u16 {
        self.code
    }

    fn main(&self) -> &Region {
        &self.regions[0]
    }

    pub(super) fn length(&self, national: &str) -> Length {
        self.main().length(national.len())
    }

    /// Whether the number could be one of the main region at all.
    pub(super) fn is_general(&self, national: &str) -> bool {
        self.main().rules().is_some_and(|r| r.general.is_match(national))
    }

    /// What follows the prefix for calls abroad, when the digits start with it.
    pub(super) fn after_international_prefix<'a>(&self, digits: &'a str) -> Option<&'a str> {
        let found = self.main().rules()?.abroad.as_ref()?.find(digits)?;
        // No country code starts with 0: such a number only looks like a call abroad.
        Some(&digits[found.end()..]).filter(|rest| !rest.starts_with('0'))
    }

    /// The national significant number: a trunk prefix (the 0 of 07700 900123) removed, unless
    /// that makes a good number bad. What is left has none, so that reading it again changes
    /// nothing. `None` only when the plan's patterns cannot be used.
    pub(super) fn without_trunk_prefix(&self, digits: &str) -> Option<String> {
        let region = self.main();
        let rules = region.rules()?;
        let mut national = digits.to_owned();
        // Each round makes the number shorter, or adds the mobile sign of Argentina once.
        for _ in 0..=digits.len() {
            let bare = region.strip_trunk(rules, &national);
            let is_whole = matches!(region.length(bare.len()), Length::Possible | Length::TooLong);
            if bare == national || !is_whole {
                break;
            }
            national = bare;
        }
        Some(national)
    }

    /// The kind of line and the country (`None` for numbers of no country).
    pub(super) fn line_of(&self, national: &str) -> (&'static str, Option<&'static str>) {
        for region in &self.regions {
            let Some(rules) = region.rules() else { continue };
            let line = rules.line(national);
            let is_here = match &rules.leading {
                Some(leading) => leading.is_match(national),
                None => line != "unknown",
            };
            if is_here || self.regions.len() == 1 {
                return (line, Some(region.meta.id()).filter(|id| *id != NO_REGION));
            }
        }
        ("unknown", None)
    }

    /// The digits dialled within the country.
    pub(super) fn dialled_at_home(&self, national: &str) -> String {
        let region = self.main();
        let formats = region.meta.formats().iter().find_map(|format| {
            let leads = match format.leading_digits().last() {
                Some(leading) => compile_at_start(leading.as_str())?.is_match(national),
                None => true,
            };
            let pattern = compile_whole(format.pattern().as_str())?;
            (leads && pattern.is_match(national)).then_some((pattern, format))
        });
        let Some((pattern, format)) = formats else {
            return national.to_owned();
        };
        let trunk = format
            .national_prefix()
            .filter(|rule| rule.contains("$NP"))
            .and(region.meta.national_prefix())
            .unwrap_or_default();
        let written = pattern.replace(national, format.format());
        trunk.chars().chain(written.chars()).filter(char::is_ascii_digit).collect()
    }
}

struct Region {
    meta: &'static Metadata,
    /// Lengths of whole numbers, ascending, and of numbers without their area code.
    lengths: Vec<usize>,
    local_lengths: Vec<usize>,
    rules: OnceLock<Option<Rules>>,
}

/// Kinds in the order in which libphonenumber asks for them; the two kinds of ordinary lines are
/// asked for last and together.
const SPECIAL_LINES: [(&str, DescriptorOf); 8] = [
    ("premium_rate", |m| m.descriptors().premium_rate()),
    ("toll_free", |m| m.descriptors().toll_free()),
    ("shared_cost", |m| m.descriptors().shared_cost()),
    ("voip", |m| m.descriptors().voip()),
    ("personal_number", |m| m.descriptors().personal_number()),
    ("pager", |m| m.descriptors().pager()),
    ("uan", |m| m.descriptors().uan()),
    ("voicemail", |m| m.descriptors().voicemail()),
];

type DescriptorOf = fn(&'static Metadata) -> Option<&'static Descriptor>;

impl Region {
    fn new(meta: &'static Metadata) -> Self {
        let ordinary = [meta.descriptors().fixed_line(), meta.descriptors().mobile()];
        let all = || SPECIAL_LINES.iter().map(|(_, of)| of(meta)).chain(ordinary).flatten();
        let collect = |of: fn(&Descriptor) -> &[u16]| {
            let mut lengths: Vec<usize> =
                all().flat_map(of).map(|length| usize::from(*length)).collect();
            lengths.sort_unstable();
            lengths.dedup();
            lengths
        };
        Self {
            meta,
            lengths: collect(Descriptor::possible_length),
            local_lengths: collect(Descriptor::possible_local_length),
            rules: OnceLock::new(),
        }
    }

    fn rules(&self) -> Option<&Rules> {
        self.rules.get_or_init(|| Rules::compile(self.meta)).as_ref()
    }

    fn length(&self, digits: usize) -> Length {
        let (Some(shortest), Some(longest)) = (self.lengths.first(), self.lengths.last()) else {
            return Length::Between;
        };
        if self.lengths.contains(&digits) {
            Length::Possible
        } else if self.local_lengths.contains(&digits) {
            Length::LocalOnly
        } else if digits < *shortest {
            Length::TooShort
        } else if digits > *longest {
            Length::TooLong
        } else {
            Length::Between
        }
    }

    fn strip_trunk(&self, rules: &Rules, digits: &str) -> String {
        let Some(found) = rules.trunk.as_ref().and_then(|trunk| trunk.captures(digits)) else {
            return digits.to_owned();
        };
        let last = found.len() - 1;
        let bare = match self.meta.national_prefix_transform_rule() {
            Some(rule) if last > 0 && found.get(last).is_some() => {
                let mut changed = String::new();
                found.expand(rule, &mut changed);
                changed + &digits[found.get(0).map_or(0, |m| m.end())..]
            }
            _ => digits[found.get(0).map_or(0, |m| m.end())..].to_owned(),
        };
        if rules.general.is_match(digits) && !rules.general.is_match(&bare) {
            return digits.to_owned();
        }
        bare
    }
}

struct Rules {
    general: Regex,
    /// What is dialled before a number within the country, at the start.
    trunk: Option<Regex>,
    /// What is dialled before a country code, at the start.
    abroad: Option<Regex>,
    leading: Option<Regex>,
    special: Vec<(&'static str, LinePattern)>,
    fixed: Option<LinePattern>,
    mobile: Option<LinePattern>,
}

struct LinePattern {
    lengths: Vec<usize>,
    pattern: Regex,
}

impl LinePattern {
    fn compile(descriptor: Option<&Descriptor>) -> Option<Self> {
        let descriptor = descriptor?;
        Some(Self {
            lengths: descriptor.possible_length().iter().map(|l| usize::from(*l)).collect(),
            pattern: compile_whole(descriptor.national_number().as_str())?,
        })
    }

    fn is_match(&self, national: &str) -> bool {
        (self.lengths.is_empty() || self.lengths.contains(&national.len()))
            && self.pattern.is_match(national)
    }
}

impl Rules {
    fn compile(meta: &'static Metadata) -> Option<Self> {
        let descriptors = meta.descriptors();
        let at_start = |text: Option<&str>| text.and_then(compile_at_start);
        let trunk =
            meta.national_prefix_for_parsing().map(|r| r.as_str()).or(meta.national_prefix());
        Some(Self {
            general: compile_whole(descriptors.general().national_number().as_str())?,
            trunk: at_start(trunk),
            abroad: at_start(meta.international_prefix().map(|r| r.as_str())),
            leading: at_start(meta.leading_digits().map(|r| r.as_str())),
            special: SPECIAL_LINES
                .into_iter()
                .filter_map(|(name, of)| Some((name, LinePattern::compile(of(meta))?)))
                .collect(),
            fixed: LinePattern::compile(descriptors.fixed_line()),
            mobile: LinePattern::compile(descriptors.mobile()),
        })
    }

    fn line(&self, national: &str) -> &'static str {
        if !self.general.is_match(national) {
            return "unknown";
        }
        let special = self.special.iter().find(|(_, pattern)| pattern.is_match(national));
        if let Some((name, _)) = special {
            return name;
        }
        let is = |pattern: &Option<LinePattern>| {
            pattern.as_ref().is_some_and(|pattern| pattern.is_match(national))
        };
        match (is(&self.fixed), is(&self.mobile)) {
            (true, true) => "fixed_line_or_mobile",
            (true, false) => "fixed_line",
            (false, true) => "mobile",
            (false, false) => "unknown",
        }
    }
}

fn compile_whole(pattern: &str) -> Option<Regex> {
    compile(&format!("^(?:{pattern})$"))
}

fn compile_at_start(pattern: &str) -> Option<Regex> {
    compile(&format!("^(?:{pattern})"))
}

fn compile(pattern: &str) -> Option<Regex> {
    // The texts matched are ASCII digits; without Unicode classes the automata stay small. The
    // metadata's patterns are laid out with white space.
    regex::RegexBuilder::new(pattern).unicode(false).ignore_whitespace(true).build().ok()
}
