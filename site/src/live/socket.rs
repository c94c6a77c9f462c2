//! The connection over which the edge tells what has changed (`docs/live.md`). There is one while somebody can see the page and
//! a workspace is looked at; it is made anew for as long as that is so.

use std::time::Duration;

use leptos::{ev, prelude::*};
use patr_models::{
    endpoint::{Call, NoQuery, body::NoBody, headers::NoHeaders},
    live::{
        ToTab,
        follow::{FollowWorkspace, Path},
    },
    wire::{PING, PING_EVERY_S, PONG},
};

use super::Live;
use crate::{
    api::{Heard, Socket},
    browser, retry,
};

/// How long the answer to a heartbeat may take, before the connection is taken for dead.
const PONG_WITHIN: Duration = Duration::from_secs(8);
/// What a connection has come to that nobody has closed.
const DEAD: u16 = 0;

/// Keeps a connection about the workspace that is looked at.
pub(super) fn listen(live: Live, workspace: Memo<String>) {
    let line = Line { live, state: StoredValue::new_local(State::default()) };
    Effect::new(move |_| line.turn_to(workspace.get()));
    let again = move || line.turn_to(workspace.get_untracked());
    let _ = window_event_listener(ev::visibilitychange, move |_| again());
    // Without waiting for heartbeats to stay away, or for the next try.
    let _ = window_event_listener(ev::offline, move |_| line.lose(line.number(), DEAD));
    let _ = window_event_listener(ev::online, move |_| again());
    // The edge is back: there is nothing to wait for.
    Effect::new(move |_| {
        if live.is_reached.get() && line.state.with_value(|state| state.socket.is_none()) {
            line.connect();
        }
    });
    set_interval(move || line.beat(), Duration::from_secs(PING_EVERY_S));
}

/// See the module.
#[derive(Clone, Copy)]
struct Line {
    live: Live,
    state: StoredValue<State, LocalStorage>,
}

#[derive(Default)]
struct State {
    workspace: String,
    socket: Option<Socket>,
    /// Grows with each connection: what an earlier one says does not count.
    number: u64,
    /// Connections in a row that did not last.
    failed: u32,
    /// Whether the edge has said anything on it.
    is_open: bool,
    /// Whether the last heartbeat has no answer yet.
    is_waiting: bool,
}

impl Line {
    fn number(self) -> u64 {
        self.state.with_value(|state| state.number)
    }

    /// Begins anew: with another workspace, in a tab that is seen again, or not any more.
    fn turn_to(self, workspace: String) {
        self.live.confirm();
        let number = self.number() + 1;
        self.state.set_value(State { workspace, number, ..State::default() });
        self.live.is_told.set(false);
        self.connect();
    }

    fn connect(self) {
        let call = self.state.with_value(|state| call(&state.workspace)).filter(|_| browser::is_visible());
        let Some(call) = call else { return };
        let number = self.number() + 1;
        let socket = Socket::open(&call, move |heard| match heard {
            Heard::Text(text) => self.hear(number, &text),
            Heard::Closed(code) => self.lose(number, code),
            Heard::Opened | Heard::Bytes(_) => {}
        });
        self.state.update_value(|state| {
            state.number = number;
            (state.is_open, state.is_waiting) = (false, false);
            state.socket = socket;
        });
    }

    fn hear(self, number: u64, text: &str) {
        if self.number() != number {
            return;
        }
        self.live.confirm();
        self.live.is_told.set(true);
        self.state.update_value(|state| state.is_open = true);
        if text == PONG {
            // It comes after all that was told before. And a connection that lived as long as this is a good one.
            return self.state.update_value(|state| (state.is_waiting, state.failed) = (false, 0));
        }
        match serde_json::from_str(text) {
            Ok(ToTab::Changed { resources, .. }) => self.live.look_again_at(&resources),
            // Also what this page cannot read: it is of a newer edge.
            Ok(ToTab::Connected { .. }) | Err(_) => self.live.look_again(),
        }
    }

    fn lose(self, number: u64, code: u16) {
        if self.number() != number {
            return;
        }
        let was_told = self.live.is_told.get_untracked();
        // It told of all changes until it was closed; until when a dead one did, nobody knows.
        if code != DEAD {
            self.live.confirm();
        }
        self.live.is_told.set(false);
        if was_told {
            self.live.look_again();
        }
        let wait = self.state.with_value(|state| retry::wait(code, state.failed, js_sys::Math::random()));
        self.state.update_value(|state| {
            state.number += 1;
            state.failed += 1;
            state.is_open = false;
            state.socket = None;
        });
        let number = number + 1;
        set_timeout(
            move || {
                if self.number() == number {
                    self.connect();
                }
            },
            wait,
        );
    }

    /// Says that this tab is there, and finds out a connection that is not.
    fn beat(self) {
        if self.state.with_value(|state| !state.is_open || state.is_waiting) {
            return;
        }
        let number = self.number();
        self.state.update_value(|state| {
            state.is_waiting = true;
            if let Some(socket) = &state.socket {
                socket.say(PING);
            }
        });
        let is_dead = move || self.number() == number && self.state.with_value(|state| state.is_waiting);
        set_timeout(
            move || {
                if is_dead() {
                    self.lose(number, DEAD);
                }
            },
            PONG_WITHIN,
        );
    }
}

/// What is asked of the API; nothing outside of a workspace.
fn call(workspace: &str) -> Option<Call<FollowWorkspace>> {
    let path = Path { workspace: workspace.parse().ok()? };
    Some(Call { path, query: NoQuery {}, headers: NoHeaders, body: NoBody })
}
