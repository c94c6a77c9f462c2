//! `patr site deploy`.

use std::{
    collections::HashMap,
    path::{Path as FsPath, PathBuf},
    time::SystemTime,
};

use bytes::Bytes;
use patr_folder::{
    manifest::{ManifestError, manifest},
    plan::{Plan, plan},
    rules::Upstream,
};
use patr_models::{
    deployment::{
        get::{GetDeployment, Path as DeploymentPath},
        spec::PortProtocol,
    },
    endpoint::{Call, body::Octets, headers::NoHeaders},
    ids::Ref,
    limits::MANIFEST_MAX,
    name::Name,
    site::{
        Access, ManifestHash, Site, SiteVersion,
        config::ServeConfig,
        create::{self, CreateSite},
        create_version::{self, CreateVersion},
        get::{self, GetSite},
        manifest::Manifest,
        manifest_get::{self, GetManifest},
        set_access::{self, SetSiteAccess},
    },
};
use tokio::sync::{mpsc, oneshot};

use super::send::{self, Sent, patiently};
use crate::{
    args::site::Deploy,
    client::{creating, plain, with_body},
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome, doing},
    printer::Printer,
    text,
    upload::{
        File,
        cache::Cache,
        files::files,
        folder::{Folder, Overrides},
        produce::produce,
        site_file,
        walk::Found,
    },
};

/// Look for mistakes in a folder; no installation is asked.
pub(crate) fn check(args: &Deploy, printer: &Printer) -> Outcome {
    let (_, found) = open(args, printer)?;
    let size = found.iter().map(|found| found.about.len()).sum();
    let (count, size) = (text::counted(found.len(), "file"), text::bytes(size));
    printer.note(&format!("{} can be deployed: {count}, {size}", args.dir.display()));
    Ok(Exit::Ok)
}

/// Upload a folder as a new version, and make it live or give it an address of its own.
pub(super) async fn deploy(args: Deploy, ctx: &Context) -> Outcome {
    let Some(name) = args.name.clone() else { return check(&args, &ctx.printer) };
    let (folder, found) = open(&args, &ctx.printer)?;
    let cache = Cache::find();
    let config = folder.config(&addresses(folder.upstreams(), ctx).await?)?;
    let access = folder.access();
    // While files are read the installation is asked.
    let reading = read(&args.dir, folder, found, cache.clone());
    let site = find_or_make(name, ctx).await?;
    let files = reading.await?;
    protect(&site, access, ctx).await?;
    let live = live_manifest(&site, &cache, ctx).await?;
    let plan = plan(&files, live.as_ref());
    tokio::select! {
        outcome = publish(&site, &files, plan, &config, &args, &cache, ctx) => outcome,
        Ok(()) = tokio::signal::ctrl_c() => Err(interrupted().into()),
    }
}

/// Holds a site to what its folder says of who may see it, before anything new can be seen.
async fn protect(site: &Site, wanted: Option<Access>, ctx: &Context) -> Outcome<()> {
    let body = match wanted.filter(|wanted| *wanted != site.access) {
        None => return Ok(()),
        Some(Access::Public) => set_access::Body::Public {},
        Some(Access::Members) => set_access::Body::Members {},
        Some(Access::Password) => {
            let message = format!("{} asks for a password, and `{}` has none", site_file::NAME, site.name);
            let hint = format!("set one with `patr site access {} password`, then deploy again", site.name);
            return Err(Failure::usage(message).hint(hint).into());
        }
    };
    let path = set_access::Path { workspace: ctx.workspace()?, site: site.id.into() };
    ctx.client.call(with_body::<SetSiteAccess, _>(path, body)).await?;
    Ok(())
}

/// Uploads what is missing, and makes a version of it.
async fn publish(
    site: &Site,
    files: &[File],
    plan: Plan<PathBuf>,
    config: &ServeConfig,
    args: &Deploy,
    cache: &Cache,
    ctx: &Context,
) -> Outcome {
    let unchanged = plan.unchanged;
    let (bytes, sent) = upload(site, files, plan, config, ctx).await?;
    let is_live = site.manifest.as_ref() == Some(&ManifestHash::of(&bytes));
    if is_live && !args.preview && !ctx.printer.is_json() {
        ctx.printer.note(&format!("nothing has changed in {}", text::counted(files.len(), "file")));
        return super::answer(site, ctx);
    }
    let version = make_version(site, bytes.clone(), args, ctx).await?;
    if version.live {
        cache.keep_manifest(site.id, &bytes);
    }
    say(site, &version, &summary(files.len(), unchanged, sent), ctx)
}

/// The folder and its files, once everything about them is right.
fn open(args: &Deploy, printer: &Printer) -> Result<(Folder, Vec<Found>), Failure> {
    let overrides = Overrides { html_handling: args.html_handling, not_found: args.not_found };
    let folder = Folder::open(&args.dir, overrides)?;
    let found = folder.walk()?;
    for warning in folder.warnings(&folder.config(&HashMap::new())?, &found) {
        printer.note(&format!("warning: {warning}"));
    }
    Ok((folder, found))
}

/// Reads what may have changed, on threads of its own.
fn read(
    dir: &FsPath,
    folder: Folder,
    found: Vec<Found>,
    cache: Cache,
) -> impl Future<Output = Outcome<Vec<File>>> + use<> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge of the program: files that are younger may change"
    )]
    let now = SystemTime::now();
    let root = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let reading = background(move || {
        let known = cache.fingerprints(&root);
        let (files, learnt) = files(&folder, found, &known, now)?;
        if learnt != known {
            cache.keep_fingerprints(&root, &learnt);
        }
        Ok(files)
    });
    async move { Ok(reading.await?) }
}

/// Does work that takes a while. A command that ends does not wait for it, as it would for the runtime's own threads.
fn background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> impl Future<Output = Result<T, Failure>> {
    let (sender, receiver) = oneshot::channel();
    // Whoever has left is not told.
    std::thread::spawn(move || drop(sender.send(work())));
    async move { receiver.await.unwrap_or_else(|_| Err(Failure::failed("the work was given up"))) }
}

async fn find_or_make(name: Name, ctx: &Context) -> Outcome<Site> {
    let path = get::Path { workspace: ctx.workspace()?, site: Ref::Name(name.clone()) };
    match ctx.client.call(plain::<GetSite>(path)).await {
        Ok(reply) => Ok(reply.body.0),
        Err(error) if error.is("not_found") => {
            let path = create::Path { workspace: ctx.workspace()? };
            let call = creating::<CreateSite, _>(path, create::Body { name });
            let site = ctx.client.call(call).await?.body.0;
            ctx.printer.note(&format!("made the site `{}`", site.name));
            Ok(site)
        }
        Err(error) => Err(error.into()),
    }
}

/// Where each deployment that a redirect names can be reached.
async fn addresses(upstreams: Vec<Upstream>, ctx: &Context) -> Outcome<HashMap<Upstream, String>> {
    let mut addresses = HashMap::new();
    for upstream in upstreams {
        let path = DeploymentPath { workspace: ctx.workspace()?, deployment: upstream.deployment.clone() };
        let deployment = ctx.client.call(plain::<GetDeployment>(path)).await?.body.0;
        let first = deployment.spec.ports.iter().find(|port| port.protocol == PortProtocol::Http);
        let reached =
            first.map(|first| first.port).filter(|first| upstream.port.is_none_or(|port| port == *first));
        let (Some(_), Some(url)) = (reached, deployment.url) else {
            let port = upstream.port.map_or_else(String::new, |port| format!(":{port}"));
            let message = format!("`deployment:{}{port}` has no automatic URL", deployment.name);
            return Err(Failure::usage(message)
                .hint("its first http port has one; `patr url add` makes one for another, to name in `_redirects`")
                .into());
        };
        addresses.insert(upstream, url);
    }
    Ok(addresses)
}

/// The manifest of the live version: kept from the last time, or asked for.
async fn live_manifest(site: &Site, cache: &Cache, ctx: &Context) -> Outcome<Option<Manifest<Vec<u8>>>> {
    let Some(version) = site.live else { return Ok(None) };
    if let Some(kept) = site.manifest.as_ref().and_then(|hash| cache.manifest(site.id, hash)) {
        return Ok(Some(kept));
    }
    let path = manifest_get::Path { workspace: ctx.workspace()?, site: site.id.into(), version };
    let bytes = ctx.client.call(plain::<GetManifest>(path)).await?.body.0;
    cache.keep_manifest(site.id, &bytes);
    let manifest = Manifest::open(bytes.to_vec());
    if manifest.is_err() {
        ctx.printer
            .note("the live version was made by another version of patr; everything is uploaded again");
    }
    Ok(manifest.ok())
}

/// Makes and sends what is missing, and answers the manifest of the version.
async fn upload(
    site: &Site,
    files: &[File],
    plan: Plan<PathBuf>,
    config: &ServeConfig,
    ctx: &Context,
) -> Outcome<(Bytes, Sent)> {
    let Plan { mut packs, mut contents, todo, .. } = plan;
    let mut sent = Sent::default();
    if !todo.is_empty() {
        let size: u64 = todo.iter().map(|todo| todo.size).sum();
        let bar = ctx.printer.bytes_bar(&format!("uploading {}", text::bytes(size)), size);
        let (sender, receiver) = mpsc::channel(send::WAITING);
        let producing = background(move || {
            let hand_on =
                |pack| sender.blocking_send(pack).map_err(|_| Failure::failed("the upload ended early"));
            produce(&todo, &mut packs, &mut contents, hand_on)?;
            Ok((packs, contents))
        });
        sent = send::send(receiver, site.id, &bar, ctx).await?;
        (packs, contents) = producing.await?;
    }
    let manifest = manifest(files, &packs, &contents, &config.write());
    Ok((manifest.map_err(|error| no_manifest(error, files.len()))?.into(), sent))
}

fn no_manifest(error: ManifestError, files: usize) -> Failure {
    match error {
        ManifestError::Unwritable(error) => doing("write the manifest", error),
        ManifestError::TooLong(size) => {
            let (count, size) = (text::counted(files, "file"), text::bytes(size as u64));
            let most = text::bytes(MANIFEST_MAX as u64);
            let message = format!("{count} make a manifest of {size}; at most {most} can be stored");
            Failure::usage(message).hint("publish fewer files, or files with shorter paths")
        }
    }
}

fn interrupted() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted before the site was deployed")
        .hint("run the same command again: it goes on where this ended")
}

async fn make_version(site: &Site, manifest: Bytes, args: &Deploy, ctx: &Context) -> Outcome<SiteVersion> {
    let path = create_version::Path { workspace: ctx.workspace()?, site: site.id.into() };
    let make = async || {
        let query = create_version::Query { preview: args.preview, preview_days: args.preview_days };
        let (path, body) = (path.clone(), Octets(manifest.clone()));
        ctx.client.call(Call::<CreateVersion> { path, query, headers: NoHeaders, body }).await
    };
    // The same manifest makes no second version, so this can be repeated.
    Ok(patiently(make).await?.body.0)
}

fn summary(files: usize, unchanged: usize, sent: Sent) -> String {
    let mut summary = format!(
        "{}, {} unchanged, {} uploaded in {}",
        text::counted(files, "file"),
        text::count(unchanged),
        text::bytes(sent.bytes),
        text::counted(sent.packs, "pack"),
    );
    if sent.stored > 0 {
        summary.push_str(&format!(", {} there from before", text::counted(sent.stored, "pack")));
    }
    summary
}

fn say(site: &Site, version: &SiteVersion, summary: &str, ctx: &Context) -> Outcome {
    let (number, name) = (version.number, &site.name);
    let url = match &version.preview {
        Some(preview) if !version.live => {
            let until = text::time(preview.expires_at);
            ctx.printer.note(&format!("version {number} of `{name}` is a preview until {until}: {summary}"));
            ctx.printer.hint(&format!("`patr site rollback {name} --version {number}` makes it live"));
            &preview.url
        }
        _ => {
            ctx.printer.note(&format!("version {number} of `{name}` is live: {summary}"));
            &site.url
        }
    };
    if !site.running {
        ctx.printer.hint(&format!("it is stopped: `patr site start {name}` lets it answer"));
    }
    ctx.printer.answer(version, Some(url))?;
    Ok(Exit::Ok)
}
