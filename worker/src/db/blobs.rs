//! Values in KV that are named by their content, and which of them are needed. [`crate::blobs`] says how they come and
//! go.

use std::time::Duration;

use patr_models::{
    ids::WorkspaceId,
    site::{ManifestHash, PackHash},
    time::Millis,
};

use super::{Json, Statement, Text};

/// How long what nobody needs stays: an upload that was broken off goes on from it, and caches all over the world hear
/// that a routing table no longer names it.
pub(crate) const GRACE: Duration = Duration::from_secs(24 * 3600);
/// After this a claim is of a sweep that has ended: the platform ends one after 15 minutes.
pub(crate) const CLAIM: Duration = Duration::from_secs(16 * 60);
/// Hashes in one parameter: 700 KB of the 2 MB that D1 takes.
const HASHES: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Pack,
    Manifest,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pack => "pack",
            Self::Manifest => "manifest",
        }
    }
}

/// Which value. By workspace: what one has stored says nothing to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blob {
    workspace: WorkspaceId,
    kind: Kind,
    hash: String,
}

impl Blob {
    pub(crate) fn pack(workspace: WorkspaceId, hash: &PackHash) -> Self {
        Self { workspace, kind: Kind::Pack, hash: hash.to_string() }
    }

    pub(crate) fn manifest(workspace: WorkspaceId, hash: &ManifestHash) -> Self {
        Self { workspace, kind: Kind::Manifest, hash: hash.to_string() }
    }

    /// Where it is in KV.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}/{}", self.kind.as_str(), self.workspace, self.hash)
    }
}

/// Says that a value is about to be stored: from here on it is garbage that is not due for long enough to finish, unless
/// it is there already, and is then kept as long. What is being deleted stays so.
pub(crate) fn announce(blob: &Blob, now: Millis) -> Vec<Statement> {
    let Blob { workspace, kind, hash } = blob;
    vec![
        Statement::new(
            "UPDATE blobs SET released_at = ?4
             WHERE workspace_id = ?1 AND kind = ?2 AND hash = ?3 AND released_at IS NOT NULL",
            &[&Text(workspace), &kind.as_str(), hash, &now],
        ),
        Statement::new(
            "INSERT INTO garbage (key, due_at) SELECT ?4, ?5
             WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE workspace_id = ?1 AND kind = ?2 AND hash = ?3)
             ON CONFLICT (key) DO UPDATE SET due_at = excluded.due_at WHERE claimed_at IS NULL",
            &[&Text(workspace), &kind.as_str(), hash, &blob.key(), &(now + GRACE)],
        ),
    ]
}

/// How far a value is.
#[derive(Debug, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct State {
    #[serde(deserialize_with = "super::truth")]
    pub(crate) stored: bool,
    #[serde(deserialize_with = "super::truth")]
    pub(crate) being_deleted: bool,
}

pub(crate) fn state(blob: &Blob) -> Statement {
    let Blob { workspace, kind, hash } = blob;
    Statement::new(
        "SELECT EXISTS (SELECT 1 FROM blobs WHERE workspace_id = ?1 AND kind = ?2 AND hash = ?3) AS stored,
                EXISTS (SELECT 1 FROM garbage WHERE key = ?4 AND claimed_at IS NOT NULL) AS being_deleted",
        &[&Text(workspace), &kind.as_str(), hash, &blob.key()],
    )
}

/// Answers for a value that is in KV now. Only while its announcement stands: what somebody has begun to delete is not
/// taken over.
pub(crate) fn adopt(blob: &Blob, size: usize, now: Millis) -> Vec<Statement> {
    let Blob { workspace, kind, hash } = blob;
    vec![
        Statement::new(
            "INSERT INTO blobs (workspace_id, kind, hash, size, released_at)
             SELECT ?1, ?2, ?3, ?4, ?5 FROM garbage WHERE key = ?6 AND claimed_at IS NULL
             ON CONFLICT (workspace_id, kind, hash) DO NOTHING",
            &[&Text(workspace), &kind.as_str(), hash, &size, &now, &blob.key()],
        ),
        Statement::new("DELETE FROM garbage WHERE key = ?1 AND claimed_at IS NULL", &[&blob.key()]),
    ]
}

/// Names the packs of a manifest, and keeps both. Fails the batch when one is gone: a null where none may be.
pub(crate) fn refer(workspace: WorkspaceId, manifest: &ManifestHash, packs: &[PackHash]) -> Vec<Statement> {
    let (workspace, manifest) = (Text(workspace), Text(manifest));
    let name = |packs: &[PackHash]| {
        Statement::new(
            "INSERT INTO manifest_packs (manifest_id, pack_id)
             SELECT (SELECT id FROM blobs WHERE workspace_id = ?1 AND kind = 'manifest' AND hash = ?2),
                    (SELECT id FROM blobs WHERE workspace_id = ?1 AND kind = 'pack' AND hash = named.value)
             FROM json_each(?3) named WHERE true
             ON CONFLICT (manifest_id, pack_id) DO NOTHING",
            &[&workspace, &manifest, &Json(packs)],
        )
    };
    let mut statements: Vec<Statement> = packs.chunks(HASHES).map(name).collect();
    statements.push(Statement::new(
        "UPDATE blobs SET released_at = NULL WHERE released_at IS NOT NULL AND id IN
             (SELECT pack_id FROM manifest_packs WHERE manifest_id =
                  (SELECT id FROM blobs WHERE workspace_id = ?1 AND kind = 'manifest' AND hash = ?2))",
        &[&workspace, &manifest],
    ));
    statements.push(Statement::new(
        "UPDATE blobs SET released_at = NULL WHERE workspace_id = ?1 AND kind = 'manifest' AND hash = ?2",
        &[&workspace, &manifest],
    ));
    statements
}

/// Keeps for a while those of these packs that nobody needs: somebody is about to.
pub(crate) fn touch_packs(workspace: WorkspaceId, packs: &[PackHash], now: Millis) -> Statement {
    Statement::new(
        "UPDATE blobs SET released_at = ?3 WHERE workspace_id = ?1 AND kind = 'pack'
         AND hash IN (SELECT value FROM json_each(?2)) AND released_at IS NOT NULL",
        &[&Text(workspace), &Json(packs), &now],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct PackRow {
    pub(crate) hash: PackHash,
    pub(crate) size: u64,
}

/// Which of these are stored. One parameter holds them all: D1 takes 100 parameters at most.
pub(crate) fn packs(workspace: WorkspaceId, packs: &[PackHash]) -> Statement {
    Statement::new(
        "SELECT hash, size FROM blobs
         WHERE workspace_id = ?1 AND kind = 'pack' AND hash IN (SELECT value FROM json_each(?2))",
        &[&Text(workspace), &Json(packs)],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Id {
    pub(crate) id: u64,
}

/// Those that were let go of long enough ago.
pub(crate) fn released(now: Millis, most: usize) -> Statement {
    Statement::new(
        "SELECT id FROM blobs WHERE released_at < ?1 ORDER BY released_at LIMIT ?2",
        &[&(now - GRACE), &most],
    )
}

/// Of these, keeps what is needed after all, and makes garbage of the rest. The packs of a manifest that goes are let go
/// of; foreign keys refuse whatever would leave a hole.
pub(crate) fn collect(ids: &[u64], now: Millis) -> Vec<Statement> {
    let (ids, cutoff) = (Json(ids), now - GRACE);
    vec![
        Statement::new(
            "UPDATE blobs SET released_at = NULL
             WHERE id IN (SELECT value FROM json_each(?1)) AND released_at < ?2
             AND (EXISTS (SELECT 1 FROM manifest_packs WHERE pack_id = blobs.id)
                  OR EXISTS (SELECT 1 FROM site_versions WHERE manifest_id = blobs.id)
                  OR EXISTS (SELECT 1 FROM sites WHERE carried_id = blobs.id))",
            &[&ids, &cutoff],
        ),
        // From here on those with a time are the ones that go.
        Statement::new(
            "UPDATE blobs SET released_at = ?3 WHERE id IN
                 (SELECT pack_id FROM manifest_packs WHERE manifest_id IN
                      (SELECT id FROM blobs WHERE id IN (SELECT value FROM json_each(?1)) AND released_at < ?2))
             AND NOT EXISTS (SELECT 1 FROM manifest_packs other WHERE other.pack_id = blobs.id
                             AND other.manifest_id NOT IN (SELECT value FROM json_each(?1)))",
            &[&ids, &cutoff, &now],
        ),
        Statement::new(
            "INSERT INTO garbage (key, due_at) SELECT kind || '/' || workspace_id || '/' || hash, ?3 FROM blobs
             WHERE id IN (SELECT value FROM json_each(?1)) AND released_at < ?2",
            &[&ids, &cutoff, &now],
        ),
        Statement::new(
            "DELETE FROM blobs WHERE id IN (SELECT value FROM json_each(?1)) AND released_at < ?2",
            &[&ids, &cutoff],
        ),
    ]
}

#[derive(Debug, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct Key {
    pub(crate) key: String,
}

/// Takes garbage that is due and that nobody is deleting. One statement looks and takes, so no two sweeps take the same.
pub(crate) fn claim(now: Millis, most: usize) -> Statement {
    Statement::new(
        "UPDATE garbage SET claimed_at = ?1 WHERE key IN
             (SELECT key FROM garbage WHERE due_at <= ?1 AND (claimed_at IS NULL OR claimed_at < ?2)
              ORDER BY due_at LIMIT ?3)
         RETURNING key",
        &[&now, &(now - CLAIM), &most],
    )
}

/// These are no longer in KV.
pub(crate) fn deleted(keys: &[String], claimed: Millis) -> Statement {
    Statement::new(
        "DELETE FROM garbage WHERE key IN (SELECT value FROM json_each(?1)) AND claimed_at = ?2",
        &[&Json(keys), &claimed],
    )
}
