//! The table of settings, and the flags made from it.

use clap::{Arg, ArgAction, ArgMatches, Command};
use std::path::PathBuf;

/// One setting.
#[derive(Debug)]
pub(crate) struct Key {
    /// Section and name in the file, such as `server.listen`.
    pub path: &'static str,
    /// The flag without its dashes; `None` for secrets, which a list of processes would show.
    pub flag: Option<&'static str>,
    /// The variable.
    pub variable: &'static str,
    /// What stands for the value in the help; empty for switches, which may stand alone.
    pub shape: &'static str,
    /// The help of the flag.
    pub help: &'static str,
    /// Whether commands that only work on the data take it as well.
    pub data: bool,
}

const fn key(
    path: &'static str,
    flag: &'static str,
    variable: &'static str,
    shape: &'static str,
    help: &'static str,
) -> Key {
    Key { path, flag: Some(flag), variable, shape, help, data: false }
}

const fn secret(path: &'static str, variable: &'static str) -> Key {
    Key { path, flag: None, variable, shape: "", help: "", data: false }
}

const fn data(key: Key) -> Key {
    Key { data: true, ..key }
}

/// All settings, in the order the help shows them.
pub(super) const KEYS: &[Key] = &[
    key(
        "server.listen",
        "listen",
        "BATON_LISTEN",
        "ADDR",
        "Where to listen, such as 0.0.0.0:8080; port 0 takes a free one [default: 127.0.0.1:8080]",
    ),
    key(
        "server.role",
        "role",
        "BATON_ROLE",
        "all|web|engine",
        "What this process does; several nodes on one PostgreSQL may share the work [default: all]",
    ),
    key(
        "server.public_url",
        "public-url",
        "BATON_PUBLIC_URL",
        "URL",
        "Where people reach this server; used in the URLs it shows",
    ),
    key(
        "server.trusted_proxies",
        "trusted-proxies",
        "BATON_TRUSTED_PROXIES",
        "NET,..",
        "Networks of proxies whose X-Forwarded-For is believed",
    ),
    key(
        "server.stop_deadline_s",
        "stop-deadline",
        "BATON_STOP_DEADLINE",
        "SECONDS",
        "How long work under way may take to end at a stop [default: 25]",
    ),
    data(key(
        "data.dir",
        "data",
        "BATON_DATA",
        "DIR",
        "The data directory: database, master key, lock [default: ./data]",
    )),
    data(key(
        "data.database",
        "database",
        "BATON_DATABASE",
        "URL",
        "PostgreSQL instead of the embedded database; better given as BATON_DATABASE, where a list \
         of processes does not show the password",
    )),
    secret("data.master_key", "BATON_MASTER_KEY"),
    key(
        "data.connectors",
        "connectors",
        "BATON_CONNECTORS",
        "DIR",
        "A folder with connector manifests of your own (*.toml)",
    ),
    secret("data.bootstrap_key", "BATON_BOOTSTRAP_KEY"),
    key(
        "delivery.in_flight",
        "in-flight",
        "BATON_IN_FLIGHT",
        "N",
        "Most deliveries in flight at one time [default: 512]",
    ),
    key(
        "delivery.allow_private",
        "allow-private",
        "BATON_ALLOW_PRIVATE",
        "",
        "Permit destinations on this machine and in private networks (development)",
    ),
    key(
        "delivery.allow_http",
        "allow-http",
        "BATON_ALLOW_HTTP",
        "",
        "Permit plain http to the public internet",
    ),
    key(
        "delivery.allow_ports",
        "allow-ports",
        "BATON_ALLOW_PORTS",
        "PORT,..",
        "Ports of destinations besides the usual ones",
    ),
    key(
        "retention.lead_days",
        "lead-days",
        "BATON_LEAD_DAYS",
        "DAYS",
        "How long finished leads are kept; 0 for ever [default: 0]",
    ),
    key(
        "log.format",
        "log-format",
        "BATON_LOG_FORMAT",
        "text|json",
        "Shape of the log on standard error [default: text]",
    ),
    key(
        "log.level",
        "log-level",
        "BATON_LOG_LEVEL",
        "LEVEL",
        "How much is logged: error, warn, info, debug, trace, or a filter [default: info]",
    ),
    key(
        "metrics.public",
        "metrics-public",
        "BATON_METRICS_PUBLIC",
        "",
        "Answer /metrics without a key",
    ),
    key("testing.lease_ms", "lease-ms", "BATON_LEASE_MS", "MS", ""),
];

/// Variables that are not settings of the server but belong to other commands.
pub(super) const OTHER_VARIABLES: &[&str] = &["BATON_CONFIG", "BATON_SERVER", "BATON_KEY"];

impl Key {
    pub(super) fn section(&self) -> &'static str {
        self.path.split_once('.').map_or("", |(section, _)| section)
    }

    pub(super) fn name(&self) -> &'static str {
        self.path.split_once('.').map_or(self.path, |(_, name)| name)
    }

    /// Only for tests: neither in the help nor in the file.
    pub(super) fn is_hidden(&self) -> bool {
        self.section() == "testing"
    }
}

fn heading(key: &Key) -> &'static str {
    match key.section() {
        "server" => "Server",
        "data" => "Data",
        "delivery" => "Delivery",
        "retention" => "Retention",
        "metrics" => "Metrics",
        _ => "Log",
    }
}

fn add_flags(mut command: Command, wanted: impl Fn(&Key) -> bool) -> Command {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help("The settings file [default: ./baton.toml, if there is one]")
        .help_heading("Settings");
    command = command.arg(config);
    for key in KEYS.iter().filter(|key| wanted(key)) {
        let Some(flag) = key.flag else { continue };
        let mut arg = Arg::new(key.path)
            .long(flag)
            .action(ArgAction::Set)
            .help(key.help)
            .help_heading(heading(key))
            .hide(key.is_hidden());
        arg = if key.shape.is_empty() {
            arg.num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .value_name("true|false")
        } else {
            arg.value_name(key.shape)
        };
        command = command.arg(arg);
    }
    command
}

/// The flags that were given.
#[derive(Clone, Default, Debug)]
pub(crate) struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// Settings by their path.
    pub given: Vec<(&'static str, String)>,
}

fn read_flags(matches: &ArgMatches, wanted: impl Fn(&Key) -> bool) -> Flags {
    let given = KEYS
        .iter()
        .filter(|key| key.flag.is_some() && wanted(key))
        .filter_map(|key| matches.get_one::<String>(key.path).map(|text| (key.path, text.clone())));
    Flags { config: matches.get_one::<PathBuf>("config").cloned(), given: given.collect() }
}

macro_rules! flags {
    ($(#[$doc:meta])* $name:ident, $wanted:expr) => {
        $(#[$doc])*
        #[derive(Clone, Default, Debug)]
        pub(crate) struct $name(pub Flags);

        impl clap::FromArgMatches for $name {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                Ok(Self(read_flags(matches, $wanted)))
            }
            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                self.0 = read_flags(matches, $wanted);
                Ok(())
            }
        }

        impl clap::Args for $name {
            fn augment_args(command: Command) -> Command {
                add_flags(command, $wanted)
            }
            fn augment_args_for_update(command: Command) -> Command {
                add_flags(command, $wanted)
            }
        }
    };
}

flags!(
    /// The flags of commands that run a server.
    ServerFlags,
    |_| true
);
flags!(
    /// The flags of commands that only work on the data.
    DataFlags,
    |key| key.data
);
