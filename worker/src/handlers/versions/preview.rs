//! The address of a version that is not live.

use patr_models::{
    ids::WorkspaceId,
    managed_url::Host,
    name::{NAME_MAX, Name},
    site::VersionNumber,
    time::Millis,
};

use crate::{
    answer::Fault,
    ctx::Ctx,
    db::{
        DbError, Statement,
        managed_urls::{NewPreview, insert_preview},
        sites::Row,
    },
    env,
};

/// Letters that nobody can guess, and that no two previews share.
const LETTERS: usize = 6;

// `NAME-vNUMBER-LETTERS` is always one label of 63 octets (RFC 1035, 2.3.4), with the longest name and number.
const _: () = assert!(NAME_MAX + "-v4294967295-".len() + LETTERS <= 63);

/// Gives a version an address of its own.
pub(super) fn address(
    ctx: &Ctx,
    workspace: WorkspaceId,
    row: &Row,
    version: VersionNumber,
    expires_at: Millis,
) -> Result<Vec<Statement>, Fault> {
    let host = host(&row.name, version, env::random()?, ctx.settings.apps_host())?;
    let (id, site, now) = (ctx.id()?, row.id, ctx.now);
    Ok(insert_preview(&NewPreview { id, workspace, host: &host, site, version, expires_at, now }))
}

fn host(name: &Name, version: VersionNumber, random: [u8; LETTERS], apps: &str) -> Result<Host, Fault> {
    /// Base32 (RFC 4648, 6) in lower case: five bits of each byte.
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let letters: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
    format!("{name}-v{version}-{letters}.{apps}").parse().map_err(Fault::new)
}

/// Whether the letters were given out before: others will do.
pub(super) fn is_host_taken(error: &DbError) -> bool {
    error.is_unique("hosts.host") || error.is_unique("managed_urls.host")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_and_number_are_one_label() {
        let name = "a".repeat(NAME_MAX).parse().unwrap();
        let host = host(&name, VersionNumber::MAX, [0, 31, 32, 255, 26, 25], "apps.example").unwrap();
        let label = host.as_str().strip_suffix(".apps.example").unwrap();
        assert!(label.len() <= 63);
        assert!(label.ends_with("-v4294967295-a7a72z"), "{label}");
    }
}
