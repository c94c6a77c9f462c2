//! Files of earlier versions that a page loaded before a deploy may still ask for.
//!
//! Those whose names change with their content stay reachable for some days after they have left the site. They are
//! kept in a manifest of their own, which the ingress looks into only when the live one has nothing.

use std::collections::HashMap;

use super::{
    PackHash,
    manifest::{Entry, Manifest, ManifestError, NewEntry, NewRepresentation, Representation, write},
};
use crate::time::Millis;

/// How long a file stays after it has left the site, in days.
pub const DAYS: u16 = 14;
/// Most files that stay; those that leave last count.
pub const FILES_MAX: usize = 20_000;

/// The number of a day, counted from 1970.
pub fn day(now: Millis) -> u16 {
    u16::try_from(now.0 / 86_400_000).unwrap_or(u16::MAX)
}

/// What of `before` (live until now) and `carried` (carried until now) has to be carried once `after` is live.
/// `None` when that is nothing.
///
/// # Errors
/// A manifest holds more than its format can.
pub fn carry<B: AsRef<[u8]>>(
    before: Option<&Manifest<B>>,
    carried: Option<&Manifest<B>>,
    after: &Manifest<B>,
    today: u16,
) -> Result<Option<Vec<u8>>, ManifestError> {
    let fresh = before.into_iter().flat_map(|before| {
        let until = today.saturating_add(DAYS);
        before.iter().filter(|entry| entry.immutable).map(move |entry| (before, entry, until))
    });
    let stays = |entry: &Entry<'_>| {
        entry.until_day >= today && before.is_none_or(|before| before.find(entry.path).is_none())
    };
    let older = carried
        .into_iter()
        .flat_map(|carried| carried.iter().filter(stays).map(move |entry| (carried, entry, entry.until_day)));
    let gone = |entry: &Entry<'_>| after.find(entry.path).is_none();
    let mut kept: Vec<_> = fresh.chain(older).filter(|(_, entry, _)| gone(entry)).collect();
    kept.sort_by_key(|(.., until)| std::cmp::Reverse(*until));
    // Before their packs are named: what is not carried is not kept either.
    kept.truncate(FILES_MAX);
    let mut carrier = Carrier::default();
    kept.iter().for_each(|(from, entry, until)| carrier.take(from, entry, *until));
    let Carrier { packs, entries, .. } = carrier;
    if entries.is_empty() { Ok(None) } else { write(&packs, entries, b"").map(Some) }
}

#[derive(Default)]
struct Carrier {
    packs: Vec<PackHash>,
    numbers: HashMap<PackHash, u32>,
    entries: Vec<NewEntry>,
}

impl Carrier {
    fn take<B: AsRef<[u8]>>(&mut self, from: &Manifest<B>, entry: &Entry<'_>, until_day: u16) {
        let representations = entry.representations().map(|one| NewRepresentation {
            coding: one.coding,
            pack: self.run(from, &one),
            packs: one.packs,
            offset: one.offset,
            size: one.size,
            hash: *one.hash,
        });
        let representations = representations.collect();
        self.entries.push(NewEntry {
            path: entry.path.to_owned(),
            content_type: entry.content_type.to_owned(),
            immutable: true,
            until_day,
            representations,
        });
    }

    /// Names the packs of a run, if that is new, and answers the number of the first.
    fn run<B: AsRef<[u8]>>(&mut self, from: &Manifest<B>, one: &Representation<'_>) -> u32 {
        let run: Vec<PackHash> =
            (one.pack..one.pack.saturating_add(one.packs.into())).filter_map(|at| from.pack(at)).collect();
        let next = u32::try_from(self.packs.len()).unwrap_or(u32::MAX);
        match &run[..] {
            [only] => *self.numbers.entry(only.clone()).or_insert_with(|| {
                self.packs.push(only.clone());
                next
            }),
            // The packs of a large file hold nothing else, so no other file names them again.
            run => {
                self.packs.extend_from_slice(run);
                next
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::manifest::Coding;

    const TODAY: u16 = 20_000;

    fn site(files: &[(&str, bool, u16)]) -> Manifest<Vec<u8>> {
        let packs: Vec<PackHash> = files.iter().map(|(path, ..)| PackHash::of(path.as_bytes())).collect();
        let entry = |(pack, (path, immutable, until_day)): (u32, &(&str, bool, u16))| NewEntry {
            path: (*path).to_owned(),
            content_type: "text/javascript".to_owned(),
            immutable: *immutable,
            until_day: *until_day,
            representations: vec![NewRepresentation {
                coding: Coding::Identity,
                pack,
                packs: 1,
                offset: 0,
                size: 4,
                hash: [1; 32],
            }],
        };
        let bytes = write(&packs, (0..).zip(files).map(entry).collect(), b"").unwrap();
        Manifest::check(bytes, |_| Some(4)).unwrap()
    }

    /// Path, last day and pack of what is carried.
    fn carried(
        before: &Manifest<Vec<u8>>,
        carried: Option<&Manifest<Vec<u8>>>,
        after: &Manifest<Vec<u8>>,
    ) -> Vec<(String, u16, PackHash)> {
        let Some(bytes) = carry(Some(before), carried, after, TODAY).unwrap() else { return Vec::new() };
        let manifest = Manifest::check(bytes, |_| Some(4)).unwrap();
        let of = |entry: Entry<'_>| {
            (entry.path.to_owned(), entry.until_day, manifest.pack(entry.identity.pack).unwrap())
        };
        manifest.iter().map(of).collect()
    }

    fn kept(path: &str, until: u16) -> (String, u16, PackHash) {
        (path.to_owned(), until, PackHash::of(path.as_bytes()))
    }

    #[test]
    fn what_a_deploy_took_away_stays_for_some_days_if_its_name_is_of_its_content() {
        let before = site(&[("a.1.js", true, 0), ("b.1.js", true, 0), ("index.html", false, 0)]);
        let after = site(&[("a.1.js", true, 0), ("b.2.js", true, 0)]);
        assert_eq!(carried(&before, None, &after), [kept("b.1.js", TODAY + DAYS)]);
        assert_eq!(carried(&after, None, &after), []);
    }

    #[test]
    fn no_more_is_carried_than_fits_and_nothing_keeps_the_packs_of_the_rest() {
        let names: Vec<String> = (0..FILES_MAX).map(|number| format!("{number}.js")).collect();
        let files: Vec<_> = names.iter().map(|name| (name.as_str(), true, 0)).collect();
        let (before, earlier) = (site(&files), site(&[("earlier.js", true, TODAY)]));
        let bytes = carry(Some(&before), Some(&earlier), &site(&[]), TODAY).unwrap().unwrap();
        let manifest = Manifest::open(bytes).unwrap();
        assert_eq!((manifest.len(), manifest.find("earlier.js")), (FILES_MAX, None));
        assert_eq!(manifest.packs().count(), FILES_MAX);
    }

    #[test]
    fn what_was_carried_goes_on_until_its_day_and_begins_anew_when_it_was_live_again() {
        let earlier =
            site(&[("old.js", true, TODAY - 1), ("kept.js", true, TODAY), ("again.js", true, TODAY + 1)]);
        let before = site(&[("again.js", true, 0)]);
        let after = site(&[("new.js", true, 0)]);
        let carried = carried(&before, Some(&earlier), &after);
        assert_eq!(carried, [kept("again.js", TODAY + DAYS), kept("kept.js", TODAY)]);
    }
}
