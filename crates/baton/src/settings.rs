//! Settings of the process: typed, in sections, from four places.
//!
//! ```text
//! flag  >  BATON_* variable  >  baton.toml  >  default
//! ```
//!
//! Every setting is one [`keys::Key`]; flags, variables and the names in the file come from that
//! table. A name that is not in it is an error with the nearest one that is, because a setting
//! that is silently ignored is found out when it hurts.

mod keys;
mod layers;
mod master_key;
mod nearest;
mod value;

pub(crate) use keys::{DataFlags, Flags, ServerFlags};
pub(crate) use layers::{Given, Places, read};
pub(crate) use master_key::{KEY_FILE, master_key, master_key_of};

use baton_domain::secret::Secret;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// The settings file that ships with the program: every setting, its default and what it does.
pub(crate) const DEFAULT_FILE: &str = include_str!("settings/config.default.toml");

/// Fewest characters of a bootstrap key.
pub(crate) const BOOTSTRAP_KEY_CHARS_MIN: usize = 24;

/// Everything a person may set about the process.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Settings {
    pub server: ServerSettings,
    pub data: DataSettings,
    pub delivery: DeliverySettings,
    pub retention: RetentionSettings,
    pub log: LogSettings,
    pub metrics: MetricsSettings,
    pub testing: TestingSettings,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ServerSettings {
    pub listen: SocketAddr,
    pub role: Role,
    /// Without a slash at its end.
    pub public_url: Option<String>,
    pub trusted_proxies: Vec<IpNet>,
    pub stop_deadline_s: u32,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            role: Role::All,
            public_url: None,
            trusted_proxies: Vec::new(),
            stop_deadline_s: 25,
        }
    }
}

/// What a process does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    All,
    Web,
    Engine,
}

impl Role {
    /// Whether it takes leads and has the API; every role answers for its health.
    pub(crate) fn answers(self) -> bool {
        self != Self::Engine
    }

    pub(crate) fn delivers(self) -> bool {
        self != Self::Web
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DataSettings {
    pub dir: PathBuf,
    /// URL of PostgreSQL; `None`: the embedded database in `dir`.
    pub database: Option<Secret>,
    pub master_key: Option<Secret>,
    pub connectors: Option<PathBuf>,
    pub bootstrap_key: Option<Secret>,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("./data"),
            database: None,
            master_key: None,
            connectors: None,
            bootstrap_key: None,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeliverySettings {
    pub in_flight: u32,
    pub allow_private: bool,
    pub allow_http: bool,
    pub allow_ports: Vec<u16>,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self { in_flight: 512, allow_private: false, allow_http: false, allow_ports: Vec::new() }
    }
}

#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct RetentionSettings {
    /// 0 keeps leads for ever.
    pub lead_days: u32,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LogSettings {
    pub format: LogFormat,
    pub level: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct MetricsSettings {
    pub public: bool,
}

/// What only tests set; not in the default file and hidden in the help.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct TestingSettings {
    /// How long a node holds what it claimed, in milliseconds. A test that pauses a node cannot
    /// wait for the real lease.
    pub lease_ms: Option<u32>,
}

/// A setting that cannot be used: where it was given and what is wrong. Secrets are not repeated.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{place}: {problem}")]
pub(crate) struct SettingsError {
    pub place: String,
    pub problem: String,
}

impl Settings {
    /// Takes one setting as text.
    ///
    /// # Errors
    /// What is wrong with the text; it does not repeat the text of a secret.
    fn set(&mut self, path: &str, text: &str) -> Result<(), String> {
        let text = text.trim();
        match path {
            "server.listen" => self.server.listen = value::address(text)?,
            "server.role" => {
                self.server.role = match text {
                    "all" => Role::All,
                    "web" => Role::Web,
                    "engine" => Role::Engine,
                    _ => return Err("is one of all, web, engine".to_owned()),
                }
            }
            "server.public_url" => self.server.public_url = value::public_url(text)?,
            "server.trusted_proxies" => self.server.trusted_proxies = value::networks(text)?,
            "server.stop_deadline_s" => {
                self.server.stop_deadline_s = value::number(text, 0, 3_600)?;
            }
            "data.dir" if text.is_empty() => return Err("needs a directory".to_owned()),
            "data.dir" => self.data.dir = PathBuf::from(text),
            "data.database" => self.data.database = value::database(text)?,
            "data.master_key" => self.data.master_key = value::secret(text),
            "data.connectors" => self.data.connectors = value::path(text),
            "data.bootstrap_key" => self.data.bootstrap_key = bootstrap_key(text)?,
            "delivery.in_flight" => self.delivery.in_flight = value::number(text, 1, 20_000)?,
            "delivery.allow_private" => self.delivery.allow_private = value::switch(text)?,
            "delivery.allow_http" => self.delivery.allow_http = value::switch(text)?,
            "delivery.allow_ports" => self.delivery.allow_ports = value::ports(text)?,
            "retention.lead_days" => self.retention.lead_days = value::number(text, 0, 36_500)?,
            "log.format" => {
                self.log.format = match text {
                    "text" => LogFormat::Text,
                    "json" => LogFormat::Json,
                    _ => return Err("is one of text, json".to_owned()),
                }
            }
            "log.level" => self.log.level = value::level(text)?,
            "metrics.public" => self.metrics.public = value::switch(text)?,
            "testing.lease_ms" => {
                self.testing.lease_ms = Some(value::number(text, 100, 600_000)?);
            }
            _ => return Err("is not a setting".to_owned()),
        }
        Ok(())
    }
}

fn bootstrap_key(text: &str) -> Result<Option<Secret>, String> {
    let long = text.chars().count() >= BOOTSTRAP_KEY_CHARS_MIN;
    let fits = long && text.bytes().all(|b| b.is_ascii_graphic());
    if !text.is_empty() && !fits {
        return Err(format!(
            "needs {BOOTSTRAP_KEY_CHARS_MIN} or more visible ASCII characters without spaces"
        ));
    }
    Ok(value::secret(text))
}

#[cfg(test)]
mod tests;
