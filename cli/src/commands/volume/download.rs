//! `patr volume download`.

use std::{
    fs::File,
    io::{IsTerminal, Write},
    path::{Path as FilePath, PathBuf},
};

use patr_models::{
    endpoint::{Call, body::NoBody, headers::NoHeaders},
    ids::{Ref, SnapshotId, VolumeId},
    volume::archive::{Path, Query, ReadVolume},
};
use tempfile::NamedTempFile;

use crate::{
    client::Body,
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome, doing},
    text,
};

/// What a tar archive ends with: two blocks of zeros (POSIX.1-2001, pax, ustar interchange format).
const END: usize = 1024;

/// Download all that is in a volume.
pub(super) async fn download(
    volume: Ref<VolumeId>,
    snapshot: Option<SnapshotId>,
    to: Option<PathBuf>,
    ctx: &Context,
) -> Outcome {
    if to.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure::usage("an archive is nothing to read on a terminal")
            .hint(format!("write it to a file: `patr volume download {volume} --to {volume}.tar`"))
            .into());
    }
    let path = Path { workspace: ctx.workspace()?, volume: volume.clone() };
    let call = Call::<ReadVolume> { path, query: Query { snapshot }, headers: NoHeaders, body: NoBody };
    let archive = ctx.client.stream(call).await?;
    let size = match to {
        None => copy(archive, ctx, |chunk| ctx.printer.bytes(chunk)).await?,
        Some(to) => into_file(archive, &to, ctx).await?,
    };
    ctx.printer.note(&format!("downloaded `{volume}`: {}", text::bytes(size)));
    Ok(Exit::Ok)
}

/// The file has its name only when all of it is there.
async fn into_file(archive: Body, to: &FilePath, ctx: &Context) -> Outcome<u64> {
    let wrong = |error: std::io::Error| doing(format!("write {}", to.display()), error);
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(FilePath::new("."));
    // Said of the folder: the name that the file has until it is complete means nothing to anybody.
    std::fs::metadata(folder).map_err(wrong)?;
    let mut part = NamedTempFile::new_in(folder).map_err(wrong)?;
    let size = copy(archive, ctx, |chunk| Ok(part.write_all(chunk).map_err(wrong)?)).await?;
    part.as_file().sync_all().map_err(wrong)?;
    let _: File = part.persist(to).map_err(|error| wrong(error.error))?;
    Ok(size)
}

async fn copy(mut archive: Body, ctx: &Context, mut write: impl FnMut(&[u8]) -> Outcome<()>) -> Outcome<u64> {
    let bar = ctx.printer.bytes_counter("downloading");
    let (mut size, mut zeros) = (0, 0);
    while let Some(chunk) = archive.chunk().await.map_err(|problem| broke_off(&problem))? {
        write(&chunk)?;
        bar.add(chunk.len() as u64);
        size += chunk.len() as u64;
        zeros = zeros_at_end(zeros, &chunk);
    }
    // A runner that goes away in the middle may look like an end to whoever passes its words on.
    if zeros < END { Err(broke_off("its end is missing").into()) } else { Ok(size) }
}

fn broke_off(problem: &str) -> Failure {
    Failure::failed(format!("the archive broke off: {problem}")).hint("download it again")
}

/// How many zeros there are at the end, after `before` of them and a chunk more.
fn zeros_at_end(before: usize, chunk: &[u8]) -> usize {
    let zeros = chunk.iter().rev().take_while(|&&byte| byte == 0).count();
    if zeros == chunk.len() { before.saturating_add(zeros) } else { zeros }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_archive_is_seen_over_chunks() {
        let all = [&[1, 0][..], &[0, 0], &[0, 2, 0], &[0]];
        let seen = all.iter().scan(0, |zeros, chunk| {
            *zeros = zeros_at_end(*zeros, chunk);
            Some(*zeros)
        });
        assert_eq!(seen.collect::<Vec<_>>(), [1, 3, 1, 2]);
    }
}
