//! Versions and packs, from the isolate's memory or from KV.
//!
//! Manifests are in the memory of the program, where they are searched. Packs stay on the platform's side as they
//! came from KV: a file of one is answered as a view of its bytes, and is never copied.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use js_sys::Uint8Array;
use patr_models::{
    ids::WorkspaceId,
    site::{ManifestHash, PackHash, manifest::Manifest},
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::web_sys::{Response, ResponseInit};

use super::{decide::Site, fields::Headers, rules::Rules, send::init};
use crate::{
    answer::Fault,
    ctx::Ctx,
    handlers::versions::{manifest_key, pack_key},
    ingress::cache::Bounded,
};

/// What versions may weigh together, in bytes. The largest manifest that KV can have fits.
const SITES: usize = 26 * 1024 * 1024;
/// What packs may weigh together, in bytes. With [`SITES`], the program and some requests in flight, an isolate stays
/// under 100 of its 128 MB.
const PACKS: usize = 28 * 1024 * 1024;
/// The largest pack that is kept, in bytes; larger ones are those of large files, which are streamed.
const PACK_MAX: usize = 4 * 1024 * 1024;
/// What a compiled configuration weighs, as a multiple of its JSON: rules as text, as parts, and in the index.
const COMPILED: usize = 5;
/// What a prepared head weighs on the platform's side, in bytes: some short strings in a map.
const HEAD: usize = 1024;

/// A pack, on the platform's side.
pub(super) struct Pack {
    pub(super) bytes: Uint8Array,
    heads: RefCell<HashMap<Place, Head>>,
}

#[wasm_bindgen]
extern "C" {
    /// An `ArrayBuffer` (ECMA-262, 25.1.6.8).
    type Transferable;

    #[wasm_bindgen(method, catch)]
    fn transfer(this: &Transferable, length: u32) -> Result<JsValue, JsValue>;
}

impl Drop for Pack {
    /// Gives the memory back at once. Left to the platform's collector, some 70 MB of packs that nobody has any more
    /// pile up before it looks; what is still being sent has a hold on its bytes of its own.
    fn drop(&mut self) {
        let _ = self.bytes.buffer().unchecked_into::<Transferable>().transfer(0);
    }
}

/// Which bytes of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) first: u32,
    pub(super) end: u32,
}

/// Status and header fields as they were last sent with some bytes, ready to be sent again.
struct Head {
    status: u16,
    headers: Headers<'static>,
    init: ResponseInit,
    body: Uint8Array,
}

type PackId = (WorkspaceId, [u8; 32]);

thread_local! {
    static VERSIONS: RefCell<Bounded<ManifestHash, Rc<Site>>> = RefCell::new(Bounded::new(SITES));
    static HOT: RefCell<Bounded<PackId, Rc<Pack>>> = RefCell::new(Bounded::new(PACKS));
}

/// A version by the hash of its manifest.
pub(super) async fn site(ctx: &Ctx, workspace: WorkspaceId, hash: &ManifestHash) -> Result<Rc<Site>, Fault> {
    if let Some(site) = VERSIONS.with_borrow_mut(|sites| sites.get(hash).cloned()) {
        return Ok(site);
    }
    let key = manifest_key(workspace, hash);
    ctx.tally.misses();
    let bytes = ctx.kv.get_immutable(&key).await?.ok_or_else(|| Fault::new(format!("{key} is not in KV")))?;
    let wrong = |error| Fault::new(format!("{key} {error}"));
    let manifest = Manifest::open(bytes).map_err(wrong)?;
    let rules = Rules::compile(manifest.config_bytes()).map_err(wrong)?;
    let weight = manifest.bytes_len() + COMPILED * manifest.config_bytes().len();
    let site = Rc::new(Site { manifest, rules });
    VERSIONS.with_borrow_mut(|sites| sites.put(hash.clone(), Rc::clone(&site), weight));
    Ok(site)
}

/// A pack by its hash.
pub(super) async fn pack(ctx: &Ctx, workspace: WorkspaceId, hash: &[u8; 32]) -> Result<Rc<Pack>, Fault> {
    let id = (workspace, *hash);
    if let Some(pack) = HOT.with_borrow_mut(|packs| packs.get(&id).cloned()) {
        return Ok(pack);
    }
    let key = pack_key(workspace, &PackHash::from_bytes(hash));
    ctx.tally.misses();
    let bytes = ctx.kv.get_buffer(&key).await?.ok_or_else(|| Fault::new(format!("{key} is not in KV")))?;
    let length = bytes.length() as usize;
    let pack = Rc::new(Pack { bytes, heads: RefCell::default() });
    if length <= PACK_MAX {
        HOT.with_borrow_mut(|packs| packs.put(id, Rc::clone(&pack), length));
    }
    Ok(pack)
}

/// A response with some bytes of a pack.
pub(super) fn respond(
    pack: &Pack,
    id: PackId,
    place: Place,
    status: u16,
    headers: Headers<'_>,
) -> Result<Response, Fault> {
    let refused = |error| Fault::new(worker::Error::from(error));
    if let Some(head) = pack.heads.borrow().get(&place)
        && head.status == status
        && head.headers == headers
    {
        let sent = Response::new_with_opt_buffer_source_and_init(Some(&head.body), &head.init);
        return sent.map_err(refused);
    }
    if place.first > place.end || place.end > pack.bytes.length() {
        return Err(Fault::new("a file is said to be beyond the end of its pack"));
    }
    let body = pack.bytes.subarray(place.first, place.end);
    let init = init(status, &headers)?;
    let response = Response::new_with_opt_buffer_source_and_init(Some(&body), &init).map_err(refused);
    // Ranges are asked for in any number of ways, and hardly twice in the same one.
    if status != 206 {
        let head = Head { status, headers: headers.into_owned(), init, body };
        if pack.heads.borrow_mut().insert(place, head).is_none() {
            HOT.with_borrow_mut(|packs| packs.grow(&id, HEAD));
        }
    }
    response
}
