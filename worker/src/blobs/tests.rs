use patr_models::{endpoint::client::ResponseError, ids::Id, site::PackHash, time::Millis};

use super::*;
use crate::{
    db::{DbError, blobs::CLAIM},
    testing::{
        App, Caller,
        site::{DAY, HOUR, upload},
    },
};
use futures_executor::block_on;

const PACK: Bytes = Bytes::from_static(b"some files");

fn owner(app: &App) -> Caller<'_> {
    let owner = app.owner("acme");
    owner.site();
    owner
}

/// The pack as the owner's workspace has it.
fn blob(app: &App) -> Blob {
    let workspace = app.table("docs-acme").unwrap().workspace;
    Blob::pack(workspace, &PackHash::of(&PACK))
}

fn in_kv(app: &App) -> bool {
    app.keys("pack/") == 1
}

fn claim(app: &App) -> Vec<db::Key> {
    block_on(app.ctx().db.fetch(db::claim(app.now.get(), DELETED))).unwrap()
}

fn announced(app: &App) -> bool {
    matches!(block_on(announce(&app.ctx(), &blob(app))), Ok(true))
}

fn adopt(app: &App) {
    app.batch(db::adopt(&blob(app), PACK.len(), app.now.get())).unwrap();
}

#[test]
fn a_pack_that_nothing_names_is_deleted_after_a_day_and_not_before() {
    let app = App::new();
    owner(&app).put_pack(&PACK).unwrap();
    app.pass_with_sweeps(DAY);
    assert!(in_kv(&app));
    app.pass_with_sweeps(HOUR);
    assert_eq!((in_kv(&app), app.rows("blobs"), app.rows("garbage")), (false, 0, 0));
}

#[test]
fn an_upload_that_is_under_way_keeps_its_packs() {
    let app = App::new();
    let owner = owner(&app);
    let hash = owner.put_pack(&PACK).unwrap();
    app.pass_with_sweeps(23 * HOUR);
    assert_eq!(owner.missing(std::slice::from_ref(&hash)), [], "asking for it keeps it");
    app.pass_with_sweeps(23 * HOUR);
    owner.put_pack(&PACK).unwrap();
    app.pass_with_sweeps(23 * HOUR);
    assert_eq!(owner.missing(&[hash]), []);
}

#[test]
fn a_pack_that_a_version_names_stays_for_ever() {
    let app = App::new();
    owner(&app).deploy_files(&[("index.html", "some files")]);
    app.pass_with_sweeps(5 * DAY);
    assert_eq!((in_kv(&app), app.keys("manifest/"), app.rows("garbage")), (true, 1, 0));
}

#[test]
fn garbage_that_is_uploaded_again_is_taken_back() {
    let app = App::new();
    let owner = owner(&app);
    owner.put_pack(&PACK).unwrap();
    app.pass(DAY + HOUR);
    block_on(collect(&app.ctx())).map_err(|fault| fault.to_string()).unwrap();
    assert_eq!((app.rows("blobs"), app.rows("garbage")), (0, 1));
    owner.put_pack(&PACK).unwrap();
    app.sweep();
    assert_eq!((in_kv(&app), app.rows("blobs"), app.rows("garbage")), (true, 1, 0));
}

#[test]
fn what_is_being_deleted_is_refused_and_can_be_stored_a_moment_later() {
    let app = App::new();
    let owner = owner(&app);
    owner.put_pack(&PACK).unwrap();
    app.pass(DAY + HOUR);
    block_on(collect(&app.ctx())).map_err(|fault| fault.to_string()).unwrap();
    let claimed = claim(&app);
    let ResponseError::Api { status, body } = *owner.put_pack(&PACK).unwrap_err() else {
        panic!("no answer")
    };
    assert_eq!((status.as_u16(), body.code.as_str()), (503, "being_deleted"));

    block_on(app.ctx().kv.delete(&claimed[0].key)).unwrap();
    app.batch(vec![db::deleted(&[claimed[0].key.clone()], app.now.get())]).unwrap();
    owner.put_pack(&PACK).unwrap();
    app.pass_with_sweeps(HOUR);
    assert_eq!((in_kv(&app), app.rows("blobs"), app.rows("garbage")), (true, 1, 0));
}

#[test]
fn what_is_refused_for_a_moment_says_for_how_long() {
    use patr_models::site::put_pack::{Error, PutPack};
    let app = App::new();
    let refused = Err(crate::answer::Failure::Api(Error::BeingDeleted { pack: PackHash::of(&PACK) }));
    let response = crate::answer::respond::<PutPack>(&refused, app.ctx().request);
    assert_eq!(response.headers()["retry-after"], "2");
}

#[test]
fn what_a_sweep_claimed_and_did_not_finish_is_finished_by_another_once_it_must_have_ended() {
    for deleted in [false, true] {
        let app = App::new();
        let owner = owner(&app);
        owner.put_pack(&PACK).unwrap();
        app.pass(DAY + HOUR);
        block_on(collect(&app.ctx())).map_err(|fault| fault.to_string()).unwrap();
        let key = claim(&app).remove(0).key;
        if deleted {
            block_on(app.ctx().kv.delete(&key)).unwrap();
        }
        app.pass(CLAIM);
        app.sweep();
        assert_eq!(app.rows("garbage"), 1, "it may still be at work");
        app.pass(std::time::Duration::from_secs(1));
        app.sweep();
        assert_eq!((in_kv(&app), app.rows("garbage")), (false, 0));
        owner.put_pack(&PACK).unwrap();
        assert!(in_kv(&app));
    }
}

#[test]
fn no_two_sweeps_claim_the_same() {
    let app = App::new();
    owner(&app).put_pack(&PACK).unwrap();
    app.pass(DAY + HOUR);
    block_on(collect(&app.ctx())).map_err(|fault| fault.to_string()).unwrap();
    assert_eq!((claim(&app).len(), claim(&app).len()), (1, 0));
}

#[test]
fn an_upload_that_crashed_leaves_nothing_behind() {
    for stored in [false, true] {
        let app = App::new();
        owner(&app);
        assert!(announced(&app));
        if stored {
            block_on(app.ctx().kv.put(&blob(&app).key(), &PACK)).unwrap();
        }
        app.pass_with_sweeps(DAY - HOUR);
        assert_eq!((in_kv(&app), app.rows("garbage")), (stored, 1));
        app.pass_with_sweeps(2 * HOUR);
        assert_eq!((in_kv(&app), app.rows("garbage")), (false, 0));
    }
}

#[test]
fn two_uploads_of_the_same_pack_at_once_are_one() {
    let app = App::new();
    owner(&app);
    assert!(announced(&app) && announced(&app));
    for _ in 0..2 {
        block_on(app.ctx().kv.put(&blob(&app).key(), &PACK)).unwrap();
        adopt(&app);
    }
    app.pass_with_sweeps(HOUR);
    assert_eq!((in_kv(&app), app.rows("blobs"), app.rows("garbage")), (true, 1, 0));
}

#[test]
fn a_write_that_took_longer_than_a_day_names_nothing_that_was_deleted() {
    let app = App::new();
    owner(&app);
    assert!(announced(&app));
    block_on(app.ctx().kv.put(&blob(&app).key(), &PACK)).unwrap();
    app.pass(DAY + HOUR);
    let claimed = claim(&app);
    adopt(&app);
    assert_eq!((claimed.len(), app.rows("blobs"), app.rows("garbage")), (1, 0, 1), "while it is deleted");
    app.pass(CLAIM + HOUR);
    app.sweep();
    adopt(&app);
    assert_eq!((app.rows("blobs"), app.rows("garbage")), (0, 0), "and after");
}

#[test]
fn a_version_whose_pack_goes_while_it_is_made_is_refused() {
    let app = App::new();
    let owner = owner(&app);
    let (pack, manifest) = upload(&[("index.html", "some files")]);
    let hash = owner.put_pack(&pack).unwrap();
    let workspace = app.table("docs-acme").unwrap().workspace;
    let manifest_hash = patr_models::site::ManifestHash::of(&manifest);
    let put_manifest = || block_on(put(&app.ctx(), &Blob::manifest(workspace, &manifest_hash), &manifest));
    app.pass(DAY + HOUR);
    assert!(put_manifest().is_ok());
    app.sweep();
    let refer = db::refer(workspace, &manifest_hash, std::slice::from_ref(&hash));
    assert!(matches!(app.batch(refer), Err(DbError::Reference)));
    let error = owner.version(manifest, Default::default()).unwrap_err();
    assert!(error.is("pack_missing"), "{error}");
}

#[test]
fn a_pack_that_is_named_while_a_sweep_looks_at_it_stays() {
    let app = App::new();
    let owner = owner(&app);
    let (pack, manifest) = upload(&[("index.html", "some files")]);
    owner.put_pack(&pack).unwrap();
    app.pass(DAY + HOUR);
    let seen: Vec<db::Id> = block_on(app.ctx().db.fetch(db::released(app.now.get(), COLLECTED))).unwrap();
    assert_eq!(seen.len(), 1);
    owner.version(manifest, Default::default()).unwrap();
    let seen: Vec<u64> = seen.into_iter().map(|row| row.id).collect();
    app.batch(db::collect(&seen, app.now.get())).unwrap();
    assert_eq!((app.rows("blobs"), app.rows("garbage")), (2, 0));
}

#[test]
fn a_key_is_by_workspace() {
    let workspace = |random| WorkspaceId::from_parts(Millis(0), random);
    let key = |random| Blob::pack(workspace(random), &PackHash::of(&PACK)).key();
    assert_ne!(key(1), key(2));
}
