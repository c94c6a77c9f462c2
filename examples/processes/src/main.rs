//! A runner of one's own, made of what `patr-runner` has for everybody: the trait
//! [`Runtime`](patr_runner::runtime::Runtime) says what a place is where replicas run, and
//! [`serve`](patr_runner::serve) does the rest. Here replicas are plain processes of programs that are in a folder: no
//! containers, no isolation, for programs that one trusts.
//!
//! ```text
//!  agent ── writes ──► replica's folder ◄── reads ── keeper ── starts, watches, starts again ──► program
//!        ◄── reads ───                  ── writes ──►
//! ```
//!
//! Each replica has a keeper: this program again, in a session of its own. It outlives the agent, so what runs goes on
//! without it. They share nothing but the folder:
//!
//! | file | written by | says |
//! |---|---|---|
//! | `record.json` | the agent, once | what to start |
//! | `proven` | the agent | start it again whenever it ends |
//! | `stopped` | the agent | do not start it, whatever happens |
//! | `state.json` | the keeper | what the program does |
//! | `log`, `log.1` | the keeper | what it writes, a line of JSON each |
//! | `lock` | nobody | held by the keeper as long as it lives |

mod exec;
mod folder;
mod keeper;
mod logs;
mod processes;
mod usage;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use patr_runner::Connection;

use processes::Processes;

/// Runs deployments as plain processes of this machine.
///
/// The image `NAME:TAG` is the program NAME of a folder; it is told by PORT where to listen, and by PORT_8080 and so on
/// where to listen instead of each port that its deployment declares.
#[derive(Parser)]
#[command(version)]
enum Command {
    /// Connect to the installation and run what it says
    Run {
        #[command(flatten)]
        connection: Connection,
        /// The folder with the programs
        #[arg(long)]
        programs: PathBuf,
    },
    /// Keep one replica running; the agent starts this
    #[command(hide = true)]
    Keep { folder: PathBuf },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match Command::parse() {
        Command::Keep { folder } => keeper::run(&folder).await,
        Command::Run { connection, programs } => {
            patr_runner::program(async {
                let config = connection.config()?;
                let runtime = Processes::open(programs, &config.state_dir)?;
                patr_runner::serve(config, runtime, "plain processes".to_owned()).await
            })
            .await
        }
    }
}
