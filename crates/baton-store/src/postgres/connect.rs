//! Connecting, with TLS or without, and the settings of each kind of connection.

use crate::db::{Statements, Tx, from_postgres};
use crate::error::{OpenError, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};

/// For the connection and the login on it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const WRITER_SETTINGS: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; \
     SET enable_mergejoin = off; SET jit = off; SET synchronous_commit = on; \
     SET plan_cache_mode = force_generic_plan";
const READER_SETTINGS: &str =
    "SET plan_cache_mode = force_custom_plan; SET enable_seqscan = off; SET jit = off";

/// How to connect, with TLS by the URL's `sslmode`.
#[derive(Clone)]
pub(crate) struct Connector {
    config: Config,
    tls: Option<tokio_postgres_rustls::MakeRustlsConnect>,
}

/// A connection with its prepared statements.
pub(crate) struct Connection {
    pub(super) client: Client,
    pub(super) statements: Statements,
}

impl Connector {
    /// Reads the URL.
    pub fn new(url: &str) -> Result<Self, OpenError> {
        // The certificate is always checked when TLS is used, so these three mean the same here.
        let url = url
            .replace("sslmode=verify-full", "sslmode=require")
            .replace("sslmode=verify-ca", "sslmode=require");
        let mut config: Config =
            url.parse().map_err(|e: tokio_postgres::Error| OpenError::Url(e.to_string()))?;
        config.connect_timeout(CONNECT_TIMEOUT);
        config.keepalives_idle(Duration::from_secs(30));
        config.tcp_user_timeout(Duration::from_secs(30));
        if config.get_application_name().is_none() {
            config.application_name("baton");
        }
        let tls = match config.get_ssl_mode() {
            SslMode::Disable => None,
            _ => Some(make_tls()?),
        };
        Ok(Self { config, tls })
    }

    pub(super) async fn connect_with(
        &self,
        on_message: impl Fn(AsyncMessage) + Send + 'static,
    ) -> Result<Connection, StoreError> {
        in_time(CONNECT_TIMEOUT, self.log_in(on_message)).await
    }

    async fn log_in(
        &self,
        on_message: impl Fn(AsyncMessage) + Send + 'static,
    ) -> Result<Connection, StoreError> {
        let client = match &self.tls {
            None => {
                let (client, connection) =
                    self.config.connect(NoTls).await.map_err(connect_error)?;
                drive(connection, on_message);
                client
            }
            Some(tls) => {
                let (client, connection) =
                    self.config.connect(tls.clone()).await.map_err(connect_error)?;
                drive(connection, on_message);
                client
            }
        };
        Ok(Connection { client, statements: Statements::default() })
    }

    pub(super) async fn connect(&self) -> Result<Connection, StoreError> {
        self.connect_with(|_| {}).await
    }

    /// A connection for reading. Plans are made for the values at hand: one that was right while
    /// the tables were empty would scan them for ever.
    pub(super) async fn connect_reader(&self) -> Result<Connection, StoreError> {
        let connection = self.connect().await?;
        connection.client.batch_execute(READER_SETTINGS).await.map_err(from_postgres)?;
        Ok(connection)
    }

    /// A connection for writing: every statement of a writer finds its rows by an index. The
    /// planner would otherwise keep the sequential scans and hash joins that were right while the
    /// tables were empty. Plans are made once: making them anew costs more than most statements.
    pub(super) async fn connect_writer(&self) -> Result<Connection, StoreError> {
        let connection = self.connect().await?;
        connection.client.batch_execute(WRITER_SETTINGS).await.map_err(from_postgres)?;
        Ok(connection)
    }
}

/// Why no connection came about, with all causes: there is no statement yet whose values the text
/// could quote, and a refused certificate has to be told from a server that is away.
fn connect_error(error: tokio_postgres::Error) -> StoreError {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    if text.contains("TLS") || text.contains("certificate") {
        text.push_str(
            "; make the certificate's issuer known to this machine, or say sslmode=disable in the \
             URL where the network is trusted",
        );
    }
    StoreError::Unavailable(format!("postgres: {text}"))
}

/// Gives up what takes longer than allowed.
pub(super) async fn in_time<T>(
    most: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    timeout(most, work).await.unwrap_or_else(|_| Err(silent()))
}

pub(super) fn silent() -> StoreError {
    StoreError::Unavailable("postgres: no answer in time".to_owned())
}

fn make_tls() -> Result<tokio_postgres_rustls::MakeRustlsConnect, OpenError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| OpenError::Url(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(tokio_postgres_rustls::MakeRustlsConnect::new(config))
}

fn drive<S, T>(
    mut connection: tokio_postgres::Connection<S, T>,
    on_message: impl Fn(AsyncMessage) + Send + 'static,
) where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        while let Some(message) =
            std::future::poll_fn(|context| connection.poll_message(context)).await
        {
            match message {
                Ok(message) => on_message(message),
                Err(_) => return,
            }
        }
    });
}

impl Connection {
    pub(super) fn tx(&self) -> Tx<'_> {
        Tx::Pg { client: &self.client, statements: &self.statements }
    }
}
