//! `patr site`.

mod access;
mod show;

use std::{path::Path as FsPath, sync::Arc, time::Duration};

use futures_util::{TryStreamExt, stream};
use patr_models::{
    endpoint::{Call, NoQuery, body::Octets, headers::NoHeaders},
    ids::{Ref, SiteId},
    name::Name,
    site::{
        Site, create, create_version, delete, get, list,
        manifest::Manifest,
        manifest_get,
        missing_packs::{self, PACKS_MAX, Packs},
        put_pack, rollback, start, stop, versions,
    },
};

use crate::{
    args::{ListArgs, PageArgs, site::Site as Args},
    client::{self, CallError, creating, plain, with_body},
    context::Context,
    exit_code::Exit,
    failure::{Outcome, doing},
    text,
    upload::{self, Pack},
};

/// Packs on their way at once.
const AT_ONCE: usize = 4;
/// How often a pack is tried.
const TRIES: u32 = 5;

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    let workspace = ctx.workspace()?;
    match args {
        Args::Deploy { dir, name } => deploy(&dir, name, ctx).await,
        Args::List(args) => list(&args, ctx).await,
        Args::Versions { name, page } => versions(name, &page, ctx).await,
        Args::Show { name } => show::show(name, ctx).await,
        Args::Access(args) => access::access(args, ctx).await,
        Args::Rollback { name, version } => {
            let path = rollback::Path { workspace, site: name };
            let call = with_body::<rollback::RollBackSite, _>(path, rollback::Body { version });
            answer(&ctx.client.call(call).await?.body.0, ctx)
        }
        Args::Start { name } => {
            let call = plain::<start::StartSite>(start::Path { workspace, site: name });
            answer(&ctx.client.call(call).await?.body.0, ctx)
        }
        Args::Stop { name } => {
            let call = plain::<stop::StopSite>(stop::Path { workspace, site: name });
            answer(&ctx.client.call(call).await?.body.0, ctx)
        }
        Args::Delete { name } => {
            let path = delete::Path { workspace, site: name.clone() };
            ctx.client.call(plain::<delete::DeleteSite>(path)).await?;
            ctx.printer.note(&format!("deleted `{name}` and its versions"));
            Ok(Exit::Ok)
        }
    }
}

fn answer(site: &Site, ctx: &Context) -> Outcome {
    ctx.printer.answer(site, Some(&site.url))?;
    Ok(Exit::Ok)
}

/// Upload a folder as a new version and make it live.
async fn deploy(folder: &FsPath, name: Name, ctx: &Context) -> Outcome {
    let files = upload::walk(folder)?;
    let site = find_or_make(name, ctx).await?;
    let live = live_manifest(&site, ctx).await?;
    let plan = upload::plan(&files, live.as_ref())?;
    let missing = missing(&site, plan.packs, ctx).await?;
    let sent: u64 = missing.iter().map(|pack| pack.size).sum();
    send(&site, missing, sent, ctx).await?;
    let path = create_version::Path { workspace: ctx.workspace()?, site: site.id.into() };
    let body = Octets(plan.manifest.into());
    let call = Call::<create_version::CreateVersion> {
        path,
        query: create_version::Query::default(),
        headers: NoHeaders,
        body,
    };
    let version = ctx.client.call(call).await?.body.0;
    ctx.printer.note(&format!(
        "version {} of `{}` is live: {}, {} unchanged, {} uploaded",
        version.number,
        site.name,
        text::counted(plan.files, "file"),
        text::count(plan.unchanged),
        text::bytes(sent),
    ));
    ctx.printer.answer(&version, Some(&site.url))?;
    Ok(Exit::Ok)
}

async fn find_or_make(name: Name, ctx: &Context) -> Outcome<Site> {
    let path = get::Path { workspace: ctx.workspace()?, site: Ref::Name(name.clone()) };
    match ctx.client.call(plain::<get::GetSite>(path)).await {
        Ok(reply) => Ok(reply.body.0),
        Err(error) if error.is("not_found") => {
            let path = create::Path { workspace: ctx.workspace()? };
            let call = creating::<create::CreateSite, _>(path, create::Body { name });
            let site = ctx.client.call(call).await?.body.0;
            ctx.printer.note(&format!("made the site `{}`", site.name));
            Ok(site)
        }
        Err(error) => Err(error.into()),
    }
}

async fn live_manifest(site: &Site, ctx: &Context) -> Outcome<Option<Manifest<Vec<u8>>>> {
    let Some(version) = site.live else { return Ok(None) };
    let path = manifest_get::Path { workspace: ctx.workspace()?, site: site.id.into(), version };
    let bytes = ctx.client.call(plain::<manifest_get::GetManifest>(path)).await?.body.0;
    Ok(Some(Manifest::open(bytes.to_vec()).map_err(|error| doing("the live version's manifest", error))?))
}

/// Those that are not stored yet: an upload that was cut off goes on where it ended.
async fn missing(site: &Site, packs: Vec<Pack>, ctx: &Context) -> Outcome<Vec<Pack>> {
    let mut missing = Vec::new();
    for part in packs.chunks(PACKS_MAX) {
        let path = missing_packs::Path { workspace: ctx.workspace()?, site: site.id.into() };
        let asked = Packs { packs: part.iter().map(|pack| pack.hash.clone()).collect() };
        let answer = ctx.client.call(with_body::<missing_packs::MissingPacks, _>(path, asked)).await?.body.0;
        missing.extend(part.iter().filter(|pack| answer.packs.contains(&pack.hash)).cloned());
    }
    Ok(missing)
}

async fn send(site: &Site, packs: Vec<Pack>, total: u64, ctx: &Context) -> Outcome<()> {
    if packs.is_empty() {
        return Ok(());
    }
    let bar = Arc::new(ctx.printer.bytes_bar(&format!("uploading {}", text::bytes(total)), total));
    stream::iter(packs.into_iter().map(Ok))
        .try_for_each_concurrent(AT_ONCE, |pack| {
            let bar = Arc::clone(&bar);
            async move {
                send_one(site, &pack, ctx).await?;
                bar.add(pack.size);
                Ok(())
            }
        })
        .await
}

async fn send_one(site: &Site, pack: &Pack, ctx: &Context) -> Outcome<()> {
    let bytes = bytes::Bytes::from(pack.read()?);
    let mut attempt = 0;
    loop {
        let path =
            put_pack::Path { workspace: ctx.workspace()?, site: site.id.into(), pack: pack.hash.clone() };
        let body = Octets(bytes.clone());
        let call = Call::<put_pack::PutPack> { path, query: NoQuery {}, headers: NoHeaders, body };
        attempt += 1;
        match ctx.client.call(call).await {
            Err(error) if CallError::is_passing(&error) && attempt < TRIES => {
                tokio::time::sleep(Duration::from_millis(250 << attempt)).await;
            }
            outcome => return Ok(outcome.map(drop)?),
        }
    }
}

/// List sites.
async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let path = list::Path { workspace: ctx.workspace()? };
    let page = client::list::<list::ListSites, _>(&ctx.client, path, args.query(), args.most());
    ctx.printer.list(&page.await?, ["NAME", "LIVE", "URL", "CHANGED"], |site| {
        [site.name.to_string(), text::or_dash(site.live), site.url.clone(), text::time(site.updated_at)]
    })?;
    Ok(Exit::Ok)
}

/// List the versions of a site.
async fn versions(site: Ref<SiteId>, args: &PageArgs, ctx: &Context) -> Outcome {
    let path = versions::Path { workspace: ctx.workspace()?, site };
    let page = client::list::<versions::ListVersions, _>(&ctx.client, path, args.query(), args.most());
    ctx.printer.list(&page.await?, ["VERSION", "LIVE", "FILES", "SIZE", "MADE"], |version| {
        [
            version.number.to_string(),
            if version.live { "yes" } else { "" }.to_owned(),
            text::count(version.files),
            text::bytes(version.bytes),
            text::time(version.created_at),
        ]
    })?;
    Ok(Exit::Ok)
}
