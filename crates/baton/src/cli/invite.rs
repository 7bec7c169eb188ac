use crate::cli;
use crate::failure::Failure;
use crate::node::{local_url, open_store};
use crate::settings::DataFlags;
use crate::terminal;
use baton_domain::account::Role;
use baton_domain::id::WorkspaceId;
use baton_web::auth::invite_from_here;

const NOTES: &str = "\
Whoever has the server's data may do this: it is the way back in when no owner can sign in any more.
The embedded database is used by one process at a time, so stop the server first; with PostgreSQL
it can go on. People who can sign in invite others on the screen.

Examples:
  baton invite jane@example.com
  baton invite jo@example.com --role viewer --workspace ws_01jd3m0d3m0d3m0d3m0d3m0d3m";

/// Invite somebody into a workspace.
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Args {
    /// Their e-mail address; one that cannot sign in yet
    #[arg(value_name = "EMAIL")]
    email: String,
    /// What they will be: owner, admin, operator, viewer
    #[arg(long, value_name = "ROLE", default_value = "owner", value_parser = role)]
    role: Role,
    /// The workspace [default: the oldest]
    #[arg(long, value_name = "ID")]
    workspace: Option<WorkspaceId>,
    #[command(flatten)]
    flags: DataFlags,
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| "must be owner, admin, operator or viewer".to_owned())
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let settings = cli::settings(&args.flags.0)?.settings;
    cli::block_on(async {
        let store = open_store(&settings).await?;
        let invited = invite_from_here(&store, &args.email, args.role, args.workspace).await;
        let path = invited.map_err(Failure::new)?;
        let local = local_url(settings.server.listen);
        let base = settings.server.public_url.as_deref().unwrap_or(&local);
        terminal::say(format!(
            "It works once and for seven days, while the server runs:\n\n  {base}{}\n",
            path.reveal()
        ));
        Ok(())
    })
}
