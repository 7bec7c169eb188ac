use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a destination gets of leads that come in parts: captured before the form is completed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Partials {
    /// Nothing: neither the partial lead nor, when its form is completed, the completed one. Leads
    /// that are submitted in one go are delivered.
    None,
    /// The partial lead, marked with `is_partial_lead` and `seq`, and the completed one as its
    /// update.
    PartialAndComplete,
    /// The completed lead only.
    #[default]
    CompleteOnly,
}

/// Reads the words, and `true` and `false`, which earlier documents have: with and without partial
/// leads.
impl<'de> Deserialize<'de> for Partials {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;
        impl Visitor<'_> for Word {
            type Value = Partials;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("none, partial_and_complete or complete_only")
            }

            fn visit_bool<E: de::Error>(self, with: bool) -> Result<Partials, E> {
                Ok(if with { Partials::PartialAndComplete } else { Partials::CompleteOnly })
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Partials, E> {
                match word {
                    "none" => Ok(Partials::None),
                    "partial_and_complete" => Ok(Partials::PartialAndComplete),
                    "complete_only" => Ok(Partials::CompleteOnly),
                    _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
                }
            }
        }
        deserializer.deserialize_any(Word)
    }
}

/// How a version of a lead came.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// Submitted, and nothing of it was there before.
    Whole,
    /// Captured before the form was completed.
    Partial,
    /// Submitted, and a partial lead of it was there before.
    Completed,
}

impl Partials {
    /// Whether a version that came in this way is delivered.
    #[must_use]
    pub fn wants(self, stage: Stage) -> bool {
        match stage {
            Stage::Whole => true,
            Stage::Partial => self == Self::PartialAndComplete,
            Stage::Completed => self != Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_the_former_flag_are_read() {
        for (text, expect) in [
            ("\"none\"", Some(Partials::None)),
            ("\"partial_and_complete\"", Some(Partials::PartialAndComplete)),
            ("\"complete_only\"", Some(Partials::CompleteOnly)),
            ("true", Some(Partials::PartialAndComplete)),
            ("false", Some(Partials::CompleteOnly)),
            ("\"some\"", None),
            ("1", None),
        ] {
            let read = serde_json::from_str::<Partials>(text).ok();
            assert_eq!(read, expect, "{text}");
            if let Some(partials) = read.filter(|_| text.starts_with('"')) {
                assert_eq!(serde_json::to_string(&partials).unwrap(), text);
            }
        }
    }

    #[test]
    fn each_word_wants_what_it_says() {
        for (partials, whole, partial, completed) in [
            (Partials::None, true, false, false),
            (Partials::PartialAndComplete, true, true, true),
            (Partials::CompleteOnly, true, false, true),
        ] {
            let wants = [Stage::Whole, Stage::Partial, Stage::Completed].map(|s| partials.wants(s));
            assert_eq!(wants, [whole, partial, completed], "{partials:?}");
        }
    }
}
