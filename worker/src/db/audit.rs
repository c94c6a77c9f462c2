//! Who did what.

use patr_models::{
    audit::{AuditEntry, Outcome, list::Query},
    ids::{AuditId, RequestId, SessionId, TokenId, UserId, WorkspaceId},
    time::Millis,
};
use serde_json::Value;

use super::{Json, Statement, Text, filter, page_size};

/// More than any line's number, and not more than a number of D1 can be.
const ALL: u64 = 1 << 53;

pub(crate) fn insert(line: &AuditEntry) -> Statement {
    Statement::new(
        "INSERT INTO audit (chain, seq, id, at, user_id, token_id, session_id, address, agent, action, resource, name,
                            outcome, code, before_json, after_json, request_id, prev, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        &[
            &line.chain,
            &line.seq,
            &Text(line.id),
            &line.at,
            &line.user.map(Text),
            &line.token.map(Text),
            &line.session.map(Text),
            &line.address,
            &line.agent,
            &line.action,
            &line.resource,
            &line.name,
            &line.outcome.as_str(),
            &line.code,
            &line.before.as_ref().map(Json),
            &line.after.as_ref().map(Json),
            &Text(line.request),
            &line.prev,
            &line.hash,
        ],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    chain: String,
    pub(crate) seq: u64,
    id: AuditId,
    #[serde(deserialize_with = "super::millis")]
    at: Millis,
    user_id: Option<UserId>,
    token_id: Option<TokenId>,
    session_id: Option<SessionId>,
    address: Option<String>,
    agent: Option<String>,
    action: String,
    resource: String,
    name: String,
    outcome: Outcome,
    code: Option<String>,
    #[serde(deserialize_with = "super::from_json_option")]
    before_json: Option<Value>,
    #[serde(deserialize_with = "super::from_json_option")]
    after_json: Option<Value>,
    request_id: RequestId,
    prev: String,
    hash: String,
}

impl From<Row> for AuditEntry {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            chain: row.chain,
            seq: row.seq,
            at: row.at,
            user: row.user_id,
            token: row.token_id,
            session: row.session_id,
            address: row.address,
            agent: row.agent,
            action: row.action,
            resource: row.resource,
            name: row.name,
            outcome: row.outcome,
            code: row.code,
            before: row.before_json,
            after: row.after_json,
            request: row.request_id,
            prev: row.prev,
            hash: row.hash,
        }
    }
}

/// A line's place.
#[derive(serde::Deserialize)]
pub(crate) struct HeadRow {
    pub(crate) seq: u64,
    pub(crate) hash: String,
}

/// The last line of a chain.
pub(crate) fn head(chain: &str) -> Statement {
    Statement::new("SELECT seq, hash FROM audit WHERE chain = ?1 ORDER BY seq DESC LIMIT 1", &[&chain])
}

/// The last one before a number.
pub(crate) fn before(chain: &str, seq: u64) -> Statement {
    Statement::new(
        "SELECT seq, hash FROM audit WHERE chain = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT 1",
        &[&chain, &seq],
    )
}

/// A line's place, and its time.
#[derive(serde::Deserialize)]
pub(crate) struct Place {
    pub(crate) seq: u64,
    pub(crate) hash: String,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) at: Millis,
}

/// The first lines of a chain.
pub(crate) fn first(chain: &str, most: usize) -> Statement {
    Statement::new("SELECT seq, hash, at FROM audit WHERE chain = ?1 ORDER BY seq LIMIT ?2", &[&chain, &most])
}

#[derive(serde::Deserialize)]
pub(crate) struct Chain {
    pub(crate) chain: String,
}

/// Chains with lines from before a moment.
pub(crate) fn old(until: Millis, most: usize) -> Statement {
    Statement::new("SELECT DISTINCT chain FROM audit WHERE at < ?1 LIMIT ?2", &[&until, &most])
}

/// Chains with lines that have no hash yet.
pub(crate) fn chains_unsealed(most: usize) -> Statement {
    Statement::new("SELECT DISTINCT chain FROM audit WHERE hash = '' LIMIT ?1", &[&most])
}

/// The first lines of a chain that have no hash yet.
pub(crate) fn unsealed(chain: &str, most: usize) -> Statement {
    Statement::new(
        "SELECT * FROM audit WHERE chain = ?1 AND hash = '' ORDER BY seq LIMIT ?2",
        &[&chain, &most],
    )
}

/// What a line that has none is given.
#[derive(serde::Serialize)]
pub(crate) struct Seal {
    pub(crate) seq: u64,
    pub(crate) prev: String,
    pub(crate) hash: String,
}

pub(crate) fn seal(chain: &str, seals: &[Seal]) -> Statement {
    Statement::new(
        "UPDATE audit SET prev = s.value ->> 'prev', hash = s.value ->> 'hash' FROM json_each(?2) s
         WHERE audit.chain = ?1 AND audit.seq = s.value ->> 'seq' AND audit.hash = ''",
        &[&chain, &Json(seals)],
    )
}

/// Lets the beginning of a chain go, up to this line.
pub(crate) fn retain(chain: &str, through: u64) -> Statement {
    Statement::new(
        "INSERT INTO audit_retained (chain, through) VALUES (?1, ?2) ON CONFLICT (chain) DO UPDATE SET through = ?2",
        &[&chain, &through],
    )
}

pub(crate) fn delete(chain: &str, through: u64) -> Statement {
    Statement::new("DELETE FROM audit WHERE chain = ?1 AND seq <= ?2", &[&chain, &through])
}

/// A page of a chain, newest first. Filters look at one line after the other of this chain and of no other.
pub(crate) fn list(chain: &str, query: &Query) -> Statement {
    let page = query.page();
    let before = page.cursor.as_ref().and_then(|cursor| cursor.as_str().parse().ok());
    Statement::new(
        "SELECT * FROM audit WHERE chain = ?1 AND seq < ?2 AND instr(name, ?3)
             AND (?4 IS NULL OR user_id = ?4 OR token_id = ?4 OR session_id = ?4)
             AND (?5 IS NULL OR action = ?5) AND (?6 IS NULL OR resource = ?6) AND (?7 IS NULL OR outcome = ?7)
             AND (?8 IS NULL OR at >= ?8) AND (?9 IS NULL OR at < ?9)
         ORDER BY seq DESC LIMIT ?10",
        &[
            &chain,
            &before.unwrap_or(ALL),
            &filter(&page),
            &query.actor,
            &query.action,
            &query.resource,
            &query.outcome.map(Outcome::as_str),
            &query.from,
            &query.to,
            &page_size(&page),
        ],
    )
}

/// The lines of a chain after one, oldest first.
pub(crate) fn export(chain: &str, after: u64, most: usize) -> Statement {
    Statement::new(
        "SELECT * FROM audit WHERE chain = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        &[&chain, &after, &most],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Member {
    pub(crate) id: WorkspaceId,
}

/// The workspace of this id or name, if it is the user's.
pub(crate) fn member(user: UserId, named: &str) -> Statement {
    Statement::new(
        "SELECT w.id FROM workspaces w JOIN members m ON m.workspace_id = w.id
         WHERE m.user_id = ?1 AND (w.id = ?2 OR w.name = ?2)",
        &[&Text(user), &named],
    )
}
