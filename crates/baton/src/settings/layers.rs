//! The four places a setting comes from, laid over one another.

use super::keys::{Flags, KEYS, Key, OTHER_VARIABLES};
use super::nearest::nearest;
use super::{Settings, SettingsError};
use std::ffi::OsString;
use std::path::PathBuf;
use toml::de::{DeTable, DeValue};

/// Variables that tests use among themselves.
const TEST_PREFIX: &str = "BATON_TEST_";
const PREFIX: &str = "BATON_";
/// The settings file that is read when none is named.
const USUAL_FILE: &str = "baton.toml";
/// Largest settings file, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Where settings are looked for, as data, so that tests need no environment of their own.
#[derive(Default)]
pub(crate) struct Places {
    /// The environment.
    pub variables: Vec<(OsString, OsString)>,
    /// The directory of the usual file.
    pub directory: PathBuf,
}

impl Places {
    /// Those of this process.
    pub(crate) fn of_process() -> Self {
        Self { variables: std::env::vars_os().collect(), directory: PathBuf::from(".") }
    }
}

/// What was read.
pub(crate) struct Given {
    /// The settings.
    pub settings: Settings,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

/// Reads the settings.
///
/// # Errors
/// The first setting that is unknown or cannot be used.
pub(crate) fn read(flags: &Flags, places: &Places) -> Result<Given, SettingsError> {
    let mut given = Given { settings: Settings::default(), file: None };
    let variables = variables(places)?;
    let of = |name: &str| variables.iter().find(|(known, _)| known == name);
    let named = flags.config.clone().or_else(|| of("BATON_CONFIG").map(|(_, v)| v.into()));
    let file = named.clone().unwrap_or_else(|| places.directory.join(USUAL_FILE));
    if named.is_some() || file.exists() {
        read_file(&file, &mut given)?;
        given.file = Some(file);
    }
    for key in KEYS {
        if let Some((name, text)) = of(key.variable) {
            given.take(key, text, || format!("the variable {name}"))?;
        }
    }
    for (path, text) in &flags.given {
        if let Some(key) = KEYS.iter().find(|key| key.path == *path) {
            given.take(key, text, || format!("--{}", key.flag.unwrap_or_default()))?;
        }
    }
    Ok(given)
}

impl Given {
    fn take(
        &mut self,
        key: &Key,
        text: &str,
        place: impl Fn() -> String,
    ) -> Result<(), SettingsError> {
        self.settings
            .set(key.path, text)
            .map_err(|problem| SettingsError { place: place(), problem })
    }
}

/// The variables that are ours; an unknown one is an error.
fn variables(places: &Places) -> Result<Vec<(String, String)>, SettingsError> {
    let mut found = Vec::new();
    for (name, value) in &places.variables {
        let Some(name) = name.to_str() else { continue };
        if !name.starts_with(PREFIX) || name.starts_with(TEST_PREFIX) {
            continue;
        }
        let place = || format!("the variable {name}");
        let known = || KEYS.iter().map(|k| k.variable).chain(OTHER_VARIABLES.iter().copied());
        if !known().any(|variable| variable == name) {
            return Err(SettingsError { place: place(), problem: unknown(name, known()) });
        }
        let Some(value) = value.to_str() else {
            let problem = "is not UTF-8".to_owned();
            return Err(SettingsError { place: place(), problem });
        };
        found.push((name.to_owned(), value.to_owned()));
    }
    Ok(found)
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some(meant) => format!("there is no such setting; was `{meant}` meant?"),
        None => "there is no such setting; `baton serve --print-config` lists them".to_owned(),
    }
}

fn read_file(file: &std::path::Path, given: &mut Given) -> Result<(), SettingsError> {
    let shown = file.display();
    let at_file = |problem: String| SettingsError { place: shown.to_string(), problem };
    let size = std::fs::metadata(file).map_err(|e| at_file(format!("cannot be read: {e}")))?.len();
    if size > FILE_BYTES_MAX {
        return Err(at_file(format!("is larger than {FILE_BYTES_MAX} bytes")));
    }
    let text =
        std::fs::read_to_string(file).map_err(|e| at_file(format!("cannot be read: {e}")))?;
    read_text(&shown.to_string(), &text, given)
}

pub(super) fn read_text(file: &str, text: &str, given: &mut Given) -> Result<(), SettingsError> {
    let line = |offset: usize| {
        1 + text.as_bytes()[..offset.min(text.len())].iter().filter(|b| **b == b'\n').count()
    };
    let error = |offset: usize, problem: String| SettingsError {
        place: format!("{file}:{}", line(offset)),
        problem,
    };
    let table = DeTable::parse(text).map_err(|e| {
        error(e.span().map_or(0, |span| span.start), format!("is not TOML: {}", e.message()))
    })?;
    for (section, body) in table.get_ref() {
        let at = section.span().start;
        let section = section.get_ref().as_ref();
        let sections = || KEYS.iter().filter(|k| !k.is_hidden()).map(Key::section);
        if !sections().any(|known| known == section) {
            let problem = unknown(section, sections());
            return Err(error(at, format!("[{section}]: {problem}")));
        }
        let Some(body) = body.get_ref().as_table() else {
            return Err(error(at, format!("`{section}` is a section: [{section}]")));
        };
        for (name, value) in body {
            let at = name.span().start;
            let name = name.get_ref().as_ref();
            let of_section = || KEYS.iter().filter(|key| key.section() == section);
            let Some(key) = of_section().find(|key| key.name() == name) else {
                let problem = unknown(name, of_section().map(Key::name));
                return Err(error(at, format!("{section}.{name}: {problem}")));
            };
            let Some(text) = plain(value.get_ref()) else {
                let problem = "is a text, a number, true or false, or a list of these";
                return Err(error(at, format!("{section}.{name}: {problem}")));
            };
            given
                .take(key, &text, || file.to_owned())
                .map_err(|e| error(at, format!("{section}.{name}: {}", e.problem)))?;
        }
    }
    Ok(())
}

/// The value as the text a flag would have.
fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.as_str().replace('_', "")),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Array(parts) => {
            let parts: Option<Vec<String>> =
                parts.iter().map(|part| plain(part.get_ref())).collect();
            parts.map(|parts| parts.join(","))
        }
        _ => None,
    }
}
