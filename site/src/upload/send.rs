//! Makes packs of what the live version has not, and sends those that are not stored.

use std::{cell::RefCell, rc::Rc, time::Duration};

use futures_util::future::try_join_all;
use leptos::prelude::GetUntracked;
use patr_folder::{
    Hash,
    coding::is_worth_it,
    pack::{Pack, Packer},
    place::{Contents, Packs},
    plan::Todo,
};
use patr_models::{
    endpoint::body::{Json, Octets},
    limits::{CHUNK, PACK_TARGET},
    site::{
        manifest::Coding,
        missing_packs::{self, MissingPacks},
        put_pack::{self, PutPack},
    },
};
use sha2::{Digest, Sha256};
use web_sys::File;

use super::{Stage, Target, Upload, unreadable};
use crate::{
    api::{self, Problem},
    browser::{self, files},
    text::upload as words,
};

/// Packs that are asked about and sent at once: no more than 16 MiB are in memory, and a link with a long round trip is full.
const AT_ONCE: usize = 4;
/// How often a call is tried, for about half a minute in all.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_secs(1);

/// What is under way.
pub(super) struct Sending<'s> {
    upload: Upload,
    to: &'s Target,
    all: u64,
    done: u64,
    /// Packs that are made and not sent.
    waiting: Rc<RefCell<Vec<Pack>>>,
}

type Made<'p> = Packer<'p, Box<dyn FnMut(Pack) -> Result<(), Problem>>>;

impl<'s> Sending<'s> {
    pub(super) fn new(upload: Upload, to: &'s Target, todo: &[Todo<File>]) -> Self {
        let all = todo.iter().map(|one| one.size).sum();
        Self { upload, to, all, done: 0, waiting: Rc::default() }
    }

    /// Sends everything, and says where it is.
    pub(super) async fn all(
        mut self,
        todo: &[Todo<File>],
        packs: &mut Packs,
        contents: &mut Contents,
    ) -> Result<(), Problem> {
        let waiting = self.waiting.clone();
        let hand_on = move |pack| {
            waiting.borrow_mut().push(pack);
            Ok(())
        };
        let mut packer: Made<'_> = Packer::new(packs, contents, Box::new(hand_on));
        for one in todo {
            let path = one.source.name();
            self.upload.reach(Stage::Sending { done: self.done, all: self.all, path })?;
            self.make(one, &mut packer).await?;
        }
        packer.finish()?;
        self.flush(0).await
    }

    async fn make(&mut self, one: &Todo<File>, packer: &mut Made<'_>) -> Result<(), Problem> {
        for coding in &one.make {
            match coding {
                Coding::Identity => self.own(one, packer).await?,
                Coding::Gzip => self.coded(one, packer).await?,
                // No browser has a coder for it.
                Coding::Brotli => {}
            }
        }
        Ok(())
    }

    /// Packs its own bytes, if they still are what was read before.
    async fn own(&mut self, one: &Todo<File>, packer: &mut Made<'_>) -> Result<(), Problem> {
        let found = if one.size > PACK_TARGET as u64 {
            let mut large = packer.begin(Coding::Identity, one.size).map_err(Problem::saying)?;
            for from in (0..one.size).step_by(CHUNK) {
                let to = one.size.min(from + CHUNK as u64);
                packer.go_on(&mut large, files::read(&one.source, from, to).await.map_err(unreadable)?)?;
                self.flush(AT_ONCE - 1).await?;
            }
            packer.end(one.hash, large)
        } else {
            let bytes = files::read(&one.source, 0, one.size).await.map_err(unreadable)?;
            packer.add(one.hash, Coding::Identity, one.hash, &bytes)?;
            self.flush(AT_ONCE - 1).await?;
            sha256(&bytes)
        };
        let is_same = found == one.hash;
        if is_same { Ok(()) } else { Err(Problem::saying(words::changed(&one.source.name()))) }
    }

    /// Packs what gzip makes of it, where that is worth it.
    async fn coded(&mut self, one: &Todo<File>, packer: &mut Made<'_>) -> Result<(), Problem> {
        let coded = files::gzip(&one.source).await.map_err(unreadable)?;
        let Some(coded) = coded.filter(|coded| is_worth_it(one.size, coded.len() as u64)) else {
            return Ok(());
        };
        if coded.len() <= PACK_TARGET {
            packer.add(one.hash, Coding::Gzip, sha256(&coded), &coded)?;
            return self.flush(AT_ONCE - 1).await;
        }
        let mut large = packer.begin(Coding::Gzip, coded.len() as u64).map_err(Problem::saying)?;
        for chunk in coded.chunks(CHUNK) {
            packer.go_on(&mut large, chunk.to_vec())?;
            self.flush(AT_ONCE - 1).await?;
        }
        packer.end(one.hash, large);
        Ok(())
    }

    /// Sends those that wait, if they are more than so many.
    async fn flush(&mut self, most: usize) -> Result<(), Problem> {
        if self.waiting.borrow().len() <= most {
            return Ok(());
        }
        let packs = self.waiting.take();
        let missing = self.missing(&packs).await?;
        let sending = packs.iter().filter(|pack| missing.packs.contains(&pack.hash));
        try_join_all(sending.map(|pack| self.put(pack))).await?;
        self.done += packs.iter().map(|pack| pack.covers).sum::<u64>();
        let stage = self.upload.stage.try_get_untracked();
        match stage {
            Some(Stage::Sending { all, path, .. }) => {
                self.upload.reach(Stage::Sending { done: self.done, all, path })
            }
            _ => Ok(()),
        }
    }

    /// Which of these are not stored: what an upload that was cut off has sent is there.
    async fn missing(&self, packs: &[Pack]) -> Result<missing_packs::Packs, Problem> {
        let question = missing_packs::Packs { packs: packs.iter().map(|pack| pack.hash.clone()).collect() };
        let path = missing_packs::Path { workspace: self.to.workspace.clone(), site: self.to.site.id.into() };
        let asking = async || api::call::<MissingPacks>(path.clone(), Json(question.clone())).await;
        Ok(patiently(asking).await?.0)
    }

    async fn put(&self, pack: &Pack) -> Result<(), Problem> {
        let path = put_pack::Path {
            workspace: self.to.workspace.clone(),
            site: self.to.site.id.into(),
            pack: pack.hash.clone(),
        };
        let sending = async || api::call::<PutPack>(path.clone(), Octets(pack.bytes.clone())).await;
        patiently(sending).await.map(drop)
    }
}

fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// Repeats a call that changes nothing when it is repeated, until it works or that is no use.
pub(super) async fn patiently<T>(call: impl AsyncFn() -> Result<T, Problem>) -> Result<T, Problem> {
    for attempt in 0..TRIES - 1 {
        match call().await {
            Err(problem) if problem.is_passing => browser::pause(PAUSE * (1 << attempt)).await,
            outcome => return outcome,
        }
    }
    call().await
}
