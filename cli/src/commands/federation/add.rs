//! `patr federation add`.

use std::collections::BTreeMap;

use patr_models::federation::{
    Issuer, Pattern,
    create::{Body, CreateFederation, Path},
};

use super::fields;
use crate::{
    args::federation::Add,
    client::creating,
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome},
};

/// As their tokens have it.
const GITHUB: &str = "https://token.actions.githubusercontent.com";
const GITLAB: &str = "https://gitlab.com";

/// Trust an issuer.
pub(super) async fn add(args: Add, ctx: &Context) -> Outcome {
    let workspace = ctx.workspace()?;
    let path = Path { workspace: workspace.clone() };
    let made = ctx.client.call(creating::<CreateFederation, _>(path, body(args)?)).await?.body.0;
    ctx.printer.item(&made, &fields(&made))?;
    ctx.printer.hint(&format!(
        "in the job: `patr login --url {} --workspace {workspace} --oidc`",
        ctx.client.base()
    ));
    Ok(Exit::Ok)
}

fn body(args: Add) -> Result<Body, Failure> {
    let (issuer, whose) = whose(&args)?;
    let mut conditions: BTreeMap<String, Pattern> = whose.into_iter().collect();
    for (claim, pattern) in args.claim {
        if conditions.contains_key(&claim) {
            return Err(Failure::usage(format!("the claim `{claim}` is there twice")));
        }
        conditions.insert(claim, pattern);
    }
    Ok(Body { name: args.name, issuer, audience: args.audience, conditions, roles: args.role })
}

/// The issuer, and the claim that says whose jobs are meant.
fn whose(args: &Add) -> Result<(Issuer, Option<(String, Pattern)>), Failure> {
    let known = |text: &str| text.parse().map_err(|error| Failure::usage(format!("{error}")));
    match (&args.issuer, &args.github, &args.gitlab) {
        (Some(issuer), _, _) => Ok((issuer.clone(), None)),
        (None, Some(repository), _) => {
            Ok((known(GITHUB)?, Some(("repository".to_owned(), repository.clone()))))
        }
        (None, None, Some(project)) => {
            Ok((known(GITLAB)?, Some(("project_path".to_owned(), project.clone()))))
        }
        (None, None, None) => Err(Failure::usage("say whose: `--github`, `--gitlab` or `--issuer`")),
    }
}
