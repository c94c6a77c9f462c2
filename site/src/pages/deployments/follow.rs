//! Lines that come from a runner as they are made, and an end of them that is kept on the screen.

use std::{collections::VecDeque, future::Future, pin::Pin, rc::Rc};

use leptos::{html, prelude::*, task::spawn_local};
use patr_models::{
    endpoint::{ApiEndpoint, body::NoBody, headers::NoHeaders},
    time::Millis,
};
use serde::de::DeserializeOwned;

use crate::{
    api::{Lines, Problem},
    parts::problem::problem_box,
    text::deployments as words,
};

/// Most lines that are kept: a browser with more of them becomes slow.
const KEPT: usize = 2000;
/// Lines to begin with, of each that they come from.
pub(super) const TAIL: u32 = 200;

/// A line of one kind.
pub(super) trait Line: DeserializeOwned + Send + Sync + 'static {
    /// When it was made. Replicas are read side by side, each in its own order: by this all are.
    fn made_at(&self) -> Millis;
}

/// A question that is about to be asked.
pub(super) type Opening = Pin<Box<dyn Future<Output = Result<Lines, Problem>>>>;

/// Asks for lines.
pub(super) fn open<E>(path: Result<E::Path, Problem>, query: E::Query) -> Opening
where
    E: ApiEndpoint<RequestHeaders = NoHeaders, Request = NoBody>,
{
    Box::pin(async move { Lines::of::<E>(path?, query).await })
}

/// What is shown, and for which question.
#[derive(Clone, Copy)]
struct Following {
    problem: RwSignal<Option<Problem>>,
    /// Grows with each question: what still comes for an earlier one is not wanted.
    asked: StoredValue<u64>,
    is_on: RwSignal<bool>,
    /// Breaks off the answer that is read: one to which nothing is added would stay open, and a browser has few connections.
    abort: StoredValue<Option<web_sys::AbortController>, LocalStorage>,
}

/// What takes lines as they come; nothing at the beginning of an answer.
type Take = Rc<dyn Fn(&[String])>;

impl Following {
    /// Reads from now on. `open` is asked again when what it reads changes, and when somebody goes on.
    fn begin(open: Box<dyn Fn() -> Opening>, take: Take) -> Self {
        let following = Self {
            problem: RwSignal::new(None),
            asked: StoredValue::new(0),
            is_on: RwSignal::new(true),
            abort: StoredValue::new_local(None),
        };
        Effect::new(move |_| {
            following.end();
            let (opening, number) = (open(), following.asked.get_value());
            if following.is_on.get() {
                take(&[]);
                following.problem.set(None);
                spawn_local(following.read(number, opening, take.clone()));
            }
        });
        on_cleanup(move || following.end());
        following
    }

    /// Whatever is read is not wanted any more.
    fn end(self) {
        self.asked.update_value(|asked| *asked += 1);
        if let Some(abort) = self.abort.try_update_value(Option::take).flatten() {
            abort.abort();
        }
    }

    /// Reads until another question is asked, or the view is gone.
    async fn read(self, number: u64, opening: Opening, take: Take) {
        let ended = async {
            let mut answer = opening.await?;
            if !self.is_wanted(number) {
                return Ok(());
            }
            self.abort.set_value(Some(answer.abort()));
            while let Some(lines) = answer.next().await? {
                if !self.is_wanted(number) {
                    return Ok(());
                }
                take(&lines);
            }
            Err(Problem::saying(words::LOG_BROKE))
        };
        let ended = ended.await;
        if self.is_wanted(number) {
            self.problem.set(ended.err());
            self.is_on.set(false);
        }
    }

    fn is_wanted(self, number: u64) -> bool {
        self.asked.try_get_value() == Some(number)
    }
}

/// Lines of one kind on the screen.
pub(super) struct Followed<L: 'static> {
    lines: RwSignal<VecDeque<L>>,
    following: Following,
}

impl<L> Clone for Followed<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Followed<L> {}

impl<L: Line> Followed<L> {
    /// See [`Following::begin`].
    pub(super) fn begin(open: impl Fn() -> Opening + 'static) -> Self {
        let lines = RwSignal::new(VecDeque::new());
        let take = move |new: &[String]| lines.update(|kept| add(kept, new));
        Self { lines, following: Following::begin(Box::new(open), Rc::new(take)) }
    }

    /// What stops and goes on.
    pub(super) fn button(self) -> impl IntoView {
        let is_on = self.following.is_on;
        view! {
            <button type="button" aria-pressed=move || is_on.get().to_string() on:click=move |_| is_on.update(|on| *on = !*on)>
                {move || if is_on.get() { words::PAUSE } else { words::FOLLOW }}
            </button>
        }
    }

    /// The lines, and why there are no more of them; `draw` makes nothing of what is not looked for.
    pub(super) fn view(
        self,
        label: &'static str,
        draw: impl Fn(&L) -> Option<AnyView> + Send + 'static,
    ) -> impl IntoView {
        let (lines, problem) = (self.lines, self.following.problem);
        let frame = NodeRef::<html::Div>::new();
        // Whoever reads at the end stays at the end; whoever has scrolled up stays there.
        Effect::new(move |_| {
            lines.track();
            let Some(frame) = frame.get() else { return };
            let is_at_end = frame.scroll_height() - frame.scroll_top() - frame.client_height() < 60;
            if is_at_end {
                request_animation_frame(move || frame.set_scroll_top(frame.scroll_height()));
            }
        });
        let drawn = move || {
            let drawn: Vec<AnyView> = lines.with(|lines| lines.iter().filter_map(&draw).collect());
            let is_empty = drawn.is_empty().then(|| view! { <p class="soft">{words::NO_LINE}</p> });
            view! { {drawn} {is_empty} }
        };
        view! {
            {move || problem.get().map(problem_box)}
            <div class="log" node_ref=frame tabindex="0" role="log" aria-label=label>{drawn}</div>
        }
    }
}

/// Nothing new is the beginning of another answer.
fn add<L: Line>(kept: &mut VecDeque<L>, new: &[String]) {
    if new.is_empty() {
        return kept.clear();
    }
    // What is no line of this API is of a newer one, and nothing that this page could show.
    kept.extend(new.iter().filter_map(|line| serde_json::from_slice::<L>(line.as_bytes()).ok()));
    kept.make_contiguous().sort_by_key(Line::made_at);
    let over = kept.len().saturating_sub(KEPT);
    kept.drain(..over);
}
