//! What a request says: the payload of a lead for one of the exchanges.

use super::{Exchange, RenderInput, Source, Variant};
use crate::config::Unmapped;
use crate::connector::manifest::FieldNames;
use crate::connector::mapping::Mapping;
use crate::connector::payload::{LeadFields, Names};
use crate::connector::target::Piece;
use crate::connector::transform::{Surroundings, Transforms};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What a destination's payloads are made by, whichever the exchange.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub unmapped: Unmapped,
    pub field_names: FieldNames,
    /// The manifest's rows for system fields; empty: the flat payload.
    pub rows: Mapping,
    /// How unmapped fields are written, by the receiver's name.
    pub transforms: BTreeMap<String, Transforms>,
    pub test_fields: Vec<(String, TestField)>,
    /// Names that the manifest sets: a lead's field of that name is never sent under it, or a
    /// stranger could choose the campaign or mark a lead as a test.
    pub reserved: BTreeSet<String>,
    /// What a ping may hold.
    pub ping: Vec<String>,
    pub always_tests: bool,
}

#[derive(Clone, Debug)]
pub(super) enum TestField {
    Text(Vec<Piece>),
    Value(Value),
}

impl Content {
    pub(super) fn look_at<'a>(&self, input: &RenderInput<'a>) -> LeadFields<'a> {
        LeadFields::new(input.lead, input.test || self.always_tests).with_answer(input.answer)
    }

    pub(super) fn payload(
        &self,
        exchange: &Exchange,
        source: &Source<'_>,
        input: &RenderInput<'_>,
    ) -> Map<String, Value> {
        let mut out = exchange.fixed(source);
        if input.variant == Variant::Poll {
            return out;
        }
        let fields = self.look_at(input);
        let names = Names { schema: input.schema, defaults: &self.field_names };
        let of_lead = if input.variant == Variant::Ping {
            self.of_ping(exchange, &fields, &names, input.country)
        } else {
            self.of_post(exchange, &fields, &names, input.country)
        };
        for (name, value) in of_lead {
            out.entry(name).or_insert(value);
        }
        if fields.is_partial() {
            for name in ["is_partial_lead", "seq"] {
                if let Some(value) = fields.system(name) {
                    out.entry(names.of_system(name).to_owned()).or_insert(value);
                }
            }
        }
        if fields.is_test() {
            for (name, field) in &self.test_fields {
                let value = match field {
                    TestField::Value(value) => value.clone(),
                    TestField::Text(pieces) => {
                        Value::String(pieces.iter().filter_map(|p| source.value(p)).collect())
                    }
                };
                if value.as_str() != Some("") {
                    out.insert(name.clone(), value);
                }
            }
        }
        out
    }

    /// The value of an unmapped field as the receiver wants it.
    fn written(
        &self,
        sent: &str,
        value: Value,
        fields: &LeadFields<'_>,
        country: Option<&str>,
    ) -> Option<Value> {
        let Some(transforms) = self.transforms.get(sent) else { return Some(value) };
        let field = |name: &str| fields.get(name);
        transforms.apply(Some(value), &Surroundings { country, field: &field })
    }

    fn of_post(
        &self,
        exchange: &Exchange,
        fields: &LeadFields<'_>,
        names: &Names<'_>,
        country: Option<&str>,
    ) -> Map<String, Value> {
        let mapping = &exchange.mapping;
        if mapping.is_empty() && self.rows.is_empty() {
            let flat = fields.flat(names, &self.reserved);
            let written = |(name, value): (String, Value)| {
                let value = self.written(&name, value, fields, country)?;
                Some((name, value))
            };
            return flat.into_iter().filter_map(written).collect();
        }
        let mut out = mapping.apply(fields, country);
        if mapping.is_empty() || self.unmapped == Unmapped::Send {
            let rows = self.rows.apply(fields, country);
            for (name, value) in &fields.own().0 {
                let sent = names.of(name);
                // Of two fields with one name at the receiver the second keeps its own.
                let sent = if out.contains_key(sent) { name.as_str() } else { sent };
                let taken = out.contains_key(sent)
                    || rows.contains_key(sent)
                    || self.reserved.contains(sent)
                    || mapping.uses(name);
                if taken {
                    continue;
                }
                if let Some(value) = self.written(sent, value.clone(), fields, country) {
                    out.insert(sent.to_owned(), value);
                }
            }
            for (name, value) in rows {
                out.entry(name).or_insert(value);
            }
        }
        out
    }

    /// Only what the manifest lets a ping hold, however it is mapped.
    fn of_ping(
        &self,
        exchange: &Exchange,
        fields: &LeadFields<'_>,
        names: &Names<'_>,
        country: Option<&str>,
    ) -> Map<String, Value> {
        let may = |name: &str| self.ping.iter().any(|n| n == name);
        let mapping = exchange.mapping.only(may);
        let mut out = mapping.apply(fields, country);
        if exchange.mapping.is_empty() || self.unmapped == Unmapped::Send {
            let rows = self.rows.only(may);
            for (name, value) in rows.apply(fields, country) {
                out.entry(name).or_insert(value);
            }
            for name in self.ping.iter().filter(|n| !mapping.uses(n) && !rows.uses(n)) {
                let sent = names.of(name);
                let value = fields.get(name).filter(|_| !self.reserved.contains(sent));
                if let Some(value) = value.and_then(|v| self.written(sent, v, fields, country)) {
                    out.entry(sent.to_owned()).or_insert(value);
                }
            }
        }
        out
    }
}
