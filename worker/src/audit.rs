//! The lines of the audit log: what they say, and how each is chained with the one before.
//!
//! A line goes into the batch of what it is about. D1 cannot hash, so the head of the chain is read, the line is sealed
//! here, and `UNIQUE (chain, seq)` stops the whole batch when another line was first: then it is done anew.

pub(crate) mod denied;
mod origin;
pub(crate) mod retention;
mod seal;

use patr_models::{
    audit::{AuditEntry, GENESIS, Outcome, Shown, canonical},
    endpoint::ApiEndpoint,
    ids::AuditId,
};
use serde_json::{Map, Value, json};

use crate::{auth::Actor, ctx::Ctx, db::DbError, feed::Write};
pub(crate) use origin::Origin;
pub(crate) use seal::head;

/// How often a line is sealed anew because another one was first. Each time one of those that race is done.
pub(crate) const TRIES: usize = 24;
/// The chain of what belongs to no workspace and no account.
pub(crate) const NONE: &str = "none";
/// Longest text of what was or is, in bytes; of a longer one its hash is kept.
const VALUE_MAX: usize = 16 * 1024;

/// What a line of the audit log says.
pub(crate) struct Audited<'a> {
    /// The endpoint's name.
    action: &'static str,
    resource: String,
    /// What it is a part of, where scopes know only that.
    whole: Option<String>,
    name: &'a str,
    /// The code of the error, if it was refused.
    refused: Option<String>,
    changes: Changes,
}

/// `Audited` for a call of `E` on a resource.
pub(crate) fn audited<E: ApiEndpoint>(
    resource: impl ToString,
    name: &(impl AsRef<str> + ?Sized),
) -> Audited<'_> {
    Audited::new(E::NAME, resource, name.as_ref())
}

impl<'a> Audited<'a> {
    pub(crate) fn new(action: &'static str, resource: impl ToString, name: &'a str) -> Self {
        let resource = resource.to_string();
        Self { action, resource, whole: None, name, refused: None, changes: Changes::default() }
    }

    pub(crate) fn action(&self) -> &'static str {
        self.action
    }

    /// What feeds are to know of it.
    pub(crate) fn write(&self) -> Write<'_> {
        let resource = self.whole.as_ref().unwrap_or(&self.resource);
        Write { action: self.action, resource, refused: self.refused.is_some() }
    }

    /// It is about a part of this.
    pub(crate) fn of(self, whole: impl ToString) -> Self {
        Self { whole: Some(whole.to_string()), ..self }
    }

    /// It was refused, with this code.
    pub(crate) fn refused(self, code: impl Into<String>) -> Self {
        Self { refused: Some(code.into()), ..self }
    }

    /// What was before, and what is from then on.
    pub(crate) fn says(self, changes: Changes) -> Self {
        Self { changes, ..self }
    }

    /// See [`Changes::with`].
    pub(crate) fn with(self, field: &str, value: &impl Shown) -> Self {
        let changes = self.changes.with(field, value);
        Self { changes, ..self }
    }

    /// See [`Changes::without`].
    pub(crate) fn without(self, field: &str, value: &impl Shown) -> Self {
        let changes = self.changes.without(field, value);
        Self { changes, ..self }
    }

    /// See [`Changes::changing`].
    pub(crate) fn changing<T: Shown>(self, field: &str, from: &T, to: &T) -> Self {
        let changes = self.changes.changing(field, from, to);
        Self { changes, ..self }
    }
}

/// What a write changes, by the names that the API has for it. Only what is [`Shown`] gets in: no secret does.
#[derive(Default)]
pub(crate) struct Changes {
    before: Map<String, Value>,
    after: Map<String, Value>,
}

impl Changes {
    /// What is made has this.
    pub(crate) fn with(mut self, field: &str, value: &impl Shown) -> Self {
        self.after.insert(field.to_owned(), json!(value));
        self
    }

    /// What is taken away had this.
    pub(crate) fn without(mut self, field: &str, value: &impl Shown) -> Self {
        self.before.insert(field.to_owned(), json!(value));
        self
    }

    /// The same the other way round: what is made is taken away.
    pub(crate) fn undone(self) -> Self {
        Self { before: self.after, after: self.before }
    }

    /// It was one thing and is another. What stays the same is left out.
    pub(crate) fn changing<T: Shown>(self, field: &str, from: &T, to: &T) -> Self {
        if json!(from) == json!(to) { self } else { self.without(field, from).with(field, to) }
    }

    /// The beginning of the chain was removed, up to this line.
    fn removed(through: u64, hash: &str) -> Self {
        let after = [("through".to_owned(), json!(through)), ("hash".to_owned(), json!(hash))];
        Self { before: Map::new(), after: after.into_iter().collect() }
    }
}

fn bounded(value: Map<String, Value>) -> Option<Value> {
    if value.is_empty() {
        return None;
    }
    let value = Value::Object(value);
    let bytes = canonical::text(&value).len();
    if bytes <= VALUE_MAX {
        return Some(value);
    }
    Some(json!({ "omitted": { "bytes": bytes, "sha256": canonical::digest(&value) } }))
}

/// What a line is chained with.
pub(crate) fn chain_of(who: &impl Actor) -> String {
    let workspace = who.workspace().map(|id| id.to_string());
    workspace.or_else(|| who.user().map(|id| id.to_string())).unwrap_or_else(|| NONE.to_owned())
}

/// The end of a chain, which the next line follows.
pub(crate) struct Head {
    pub(crate) seq: u64,
    pub(crate) hash: String,
}

impl Head {
    /// Of a chain without lines.
    pub(crate) fn none() -> Self {
        Self { seq: 0, hash: GENESIS.to_owned() }
    }
}

/// A line that has no place yet.
pub(crate) struct Line(AuditEntry);

impl Line {
    pub(crate) fn new(ctx: &Ctx, who: &impl Actor, what: Audited<'_>) -> Result<Self, DbError> {
        let id: AuditId = ctx.id().map_err(|error| DbError::Other(error.to_string()))?;
        let Origin { address, agent } = ctx.from().clone();
        let outcome = if what.refused.is_some() { Outcome::Refused } else { Outcome::Done };
        Ok(Self(AuditEntry {
            id,
            chain: chain_of(who),
            seq: 0,
            at: ctx.now,
            user: who.user(),
            token: who.token(),
            session: who.session(),
            address,
            agent,
            action: what.action.to_owned(),
            resource: what.resource,
            name: what.name.to_owned(),
            outcome,
            code: what.refused,
            before: bounded(what.changes.before),
            after: bounded(what.changes.after),
            request: ctx.request,
            prev: String::new(),
            hash: String::new(),
        }))
    }

    pub(crate) fn chain(&self) -> &str {
        &self.0.chain
    }

    /// The same line, in a chain that does not follow from who caused it.
    pub(crate) fn in_chain(mut self, chain: String) -> Self {
        self.0.chain = chain;
        self
    }

    /// The line as the one after `head`.
    pub(crate) fn after(&self, head: Head) -> AuditEntry {
        AuditEntry { seq: head.seq + 1, prev: head.hash, ..self.0.clone() }.sealed()
    }
}

#[cfg(test)]
mod tests;
