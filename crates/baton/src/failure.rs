use crate::settings::SettingsError;

/// Why a command ended without doing what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command or a setting is wrong; running it again changes nothing. Exit code 2.
    #[error("{0}")]
    Settings(String),
    /// Something else went wrong. Exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    /// A failure of the machine, the data or the other side.
    pub(crate) fn new(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Settings(_) => 2,
            Self::Failed(_) => 1,
        }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Settings(error.to_string())
    }
}
