//! The pages of `/oauth/authorize`.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use patr_models::workspace::Workspace;

use super::{Client, PARAMETERS, PATH, Problem, Question, WORKSPACE, workspaces_of};
use crate::{
    answer::Fault,
    ctx::Ctx,
    db::users,
    pages::{Page, escape, hidden, problem},
};

/// Asks whether a client is to be let in.
pub(super) async fn ask(
    ctx: &Ctx,
    question: &Question,
    status: StatusCode,
    wrong: Option<&str>,
) -> Result<Response<Bytes>, Fault> {
    let own = workspaces_of(ctx, &question.person).await?;
    let who: Option<users::Row> = ctx.db.optional(users::by_id(question.person.user)).await?;
    let who = who.map(|who| who.email.to_string()).unwrap_or_default();
    let Client { row, redirect, .. } = &question.client;
    let origin = redirect.origin();
    let permissions: String =
        question.scopes.in_words().iter().map(|words| format!("<li>{}</li>", escape(words))).collect();
    let fields: String =
        PARAMETERS.iter().filter_map(|name| Some(hidden(name, question.form.get(name)?))).collect();
    let body = format!(
        "<h1>Let {name} act for you?</h1>\
         <dl><dt>Registered by</dt><dd>{maker}</dd><dt>Leads back to</dt><dd>{origin}</dd><dt>You are</dt><dd>{who}</dd></dl>\
         <p>It wants to do this in your name, and learns your name and e-mail address. It never may more than you may \
         yourself at that moment.</p><ul>{permissions}</ul>{problem}\
         <form method=post action=\"{PATH}\">{fields}{workspaces}\
         <button name=decision value=approve>Let it</button> \
         <button class=second name=decision value=deny>Refuse</button></form>\
         <p class=note>Anybody can register a program under any name: refuse if you did not come from there just now.</p>",
        name = escape(row.name.as_str()),
        maker = escape(row.email.as_str()),
        origin = escape(&origin),
        who = escape(&who),
        problem = problem(wrong),
        workspaces = workspaces(&own),
    );
    Page { title: "Let a program act for you?", body, person: Some(&who), ..Page::default() }
        .respond(ctx, status)
}

fn workspaces(own: &[Workspace]) -> String {
    // With one there is nothing to choose; of several none is taken for meant.
    let checked = if own.len() == 1 { " checked" } else { "" };
    let choice = |workspace: &Workspace| {
        format!(
            "<label class=choice><input type=checkbox name=\"{WORKSPACE}{}\"{checked}>{}</label>",
            workspace.id,
            escape(workspace.name.as_str())
        )
    };
    let choices: String = own.iter().map(choice).collect();
    let none = if own.is_empty() { "<p>You are in no workspace.</p>" } else { "" };
    format!("<fieldset><legend>In these workspaces</legend>{none}{choices}</fieldset>")
}

/// Sends the person back to the client, from a page and not by a redirect: browsers hold everything that a form is redirected to
/// to the policy of the page with the form, wherever the client leads on to.
pub(super) fn lead_back(ctx: &Ctx, client: &Client, said: &[(&str, &str)]) -> Result<Response<Bytes>, Fault> {
    let to = client.back(ctx, said)?;
    let origin = escape(&client.redirect.origin());
    let body = format!(
        "<h1>On your way back</h1><p><a href=\"{}\" rel=noreferrer>Go on to {origin}</a> if that does not happen by itself.</p>",
        escape(&to)
    );
    let mut response =
        Page { title: "On your way back", body, ..Page::default() }.respond(ctx, StatusCode::OK)?;
    let refresh = HeaderValue::from_str(&format!("0;url={to}")).map_err(Fault::new)?;
    response.headers_mut().insert(header::REFRESH, refresh);
    Ok(response)
}

/// Nobody is sent anywhere.
pub(super) fn unknown(ctx: &Ctx, problem: &str) -> Result<Response<Bytes>, Fault> {
    let body = format!(
        "<h1>This does not work</h1><p>A program sent you here to act for you, but its address is not right.</p><p>{}</p>\
         <p>Whoever has made the program has to mend that.</p>",
        escape(problem)
    );
    Page { title: "This does not work", body, ..Page::default() }.respond(ctx, StatusCode::BAD_REQUEST)
}

/// What a client asks cannot be given. It is told so if the person goes back.
pub(super) fn impossible(ctx: &Ctx, client: &Client, problem: &Problem) -> Result<Response<Bytes>, Fault> {
    let said = [("error", problem.error), ("error_description", &problem.description)];
    let body = format!(
        "<h1>This does not work</h1><p>{} asks for something that is not possible here: {}.</p>\
         <p><a href=\"{}\" rel=noreferrer>Back to {}</a></p>",
        escape(client.row.name.as_str()),
        escape(&problem.description),
        escape(&client.back(ctx, &said)?),
        escape(&client.redirect.origin()),
    );
    Page { title: "This does not work", body, ..Page::default() }.respond(ctx, StatusCode::BAD_REQUEST)
}
