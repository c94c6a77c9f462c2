//! A command in a replica, at a terminal: the same as `patr exec`.

use std::{rc::Rc, time::Duration};

use js_sys::Uint8Array;
use leptos::{ev, html, prelude::*, task::spawn_local};
use patr_models::{
    auth::Permission,
    deployment::{
        Deployment,
        exec::{ExecInDeployment, FromCommand, Path, Size, ToCommand},
    },
    endpoint::{Call, body::NoBody, headers::NoHeaders},
    ids::Ref,
    wire::PING_EVERY_S,
};

use super::one::Known;
use crate::{
    api::{Heard, Problem, Socket, why_not},
    browser::{
        self,
        screen::{self, Screen, Told},
    },
    exec::{self, Place, Traffic},
    fresh::Fresh,
    here::Here,
    parts::{
        command::as_command,
        form::{Field, field, select},
        problem::problem_box,
    },
    spec,
    text::{shell, terminal as words},
};

/// Clears the screen and all that was set on it (ECMA-48, RIS), once what was written before is drawn.
const ANEW: &str = "\x1bc";
/// The button that begins and ends.
const BUTTON: &str = "#terminal-button";

/// How far it is.
#[derive(Clone, PartialEq)]
enum Stage {
    Idle,
    Connecting,
    Open,
    Over(Over),
}

/// How it was over.
#[derive(Clone, PartialEq)]
enum Over {
    /// Somebody here wanted it so.
    Left,
    Ended(i64),
    Problem(Problem),
}

/// See the module. It ends with the view that has begun it.
#[derive(Clone, Copy)]
struct Terminal {
    here: Here,
    known: StoredValue<Known>,
    places: Memo<Vec<Place>>,
    place: RwSignal<String>,
    command: RwSignal<String>,
    stage: RwSignal<Stage>,
    line: StoredValue<Line, LocalStorage>,
    frame: NodeRef<html::Div>,
    /// Whether there is a screen to connect something to.
    is_ready: RwSignal<bool>,
}

/// What the terminal is joined to.
#[derive(Default)]
struct Line {
    screen: Option<Rc<Screen>>,
    socket: Option<Rc<Socket>>,
    /// Grows with each connection: what an earlier one says does not count.
    number: u64,
    traffic: Traffic,
}

pub(crate) fn show(here: Here, deployment: Fresh<Deployment>, known: Known) -> impl IntoView {
    // Not all that somebody may do: what else changes must not end what runs.
    let id = known.id;
    let may = Memo::new(move |_| here.may_on(Permission::DeploymentExec, &id));
    move || {
        if !may.get() {
            return view! { <p>{shell::WORKSPACE_ONLY}</p> }.into_any();
        }
        Terminal::begin(here, deployment, known.clone()).view().into_any()
    }
}

impl Terminal {
    fn begin(here: Here, deployment: Fresh<Deployment>, known: Known) -> Self {
        let places = move |before: Option<&Vec<Place>>| {
            deployment.known().map(|one| exec::places(&one)).or(before.cloned()).unwrap_or_default()
        };
        let terminal = Self {
            here,
            known: StoredValue::new(known),
            places: Memo::new(places),
            place: RwSignal::new(String::new()),
            command: RwSignal::new("sh".to_owned()),
            stage: RwSignal::new(Stage::Idle),
            line: StoredValue::new_local(Line::default()),
            frame: NodeRef::new(),
            is_ready: RwSignal::new(false),
        };
        // A screen measures where it is: it is made when that is on the page.
        Effect::new(move |_| {
            if terminal.frame.get().is_some() {
                spawn_local(terminal.load());
            }
        });
        // On a connection on which nothing is said what is between may forget it.
        let beat = set_interval_with_handle(move || terminal.beat(), Duration::from_secs(PING_EVERY_S));
        let offline = window_event_listener(ev::offline, move |_| {
            terminal.hear(terminal.number(), Heard::Closed(exec::LOST))
        });
        on_cleanup(move || {
            if let Ok(beat) = beat {
                beat.clear();
            }
            offline.remove();
        });
        terminal
    }

    async fn load(self) {
        let loaded = screen::load().await;
        // Nothing when somebody has gone elsewhere meanwhile.
        let Some(frame) = self.frame.try_get_untracked().flatten() else { return };
        match loaded.and_then(|loaded| loaded.open(&frame, move |told| self.told(told))) {
            Some(screen) => {
                self.line.update_value(|line| line.screen = Some(Rc::new(screen)));
                self.is_ready.set(true);
            }
            None => self.over(Over::Problem(Problem {
                hint: Some(words::NOT_LOADED_HINT.to_owned()),
                ..Problem::saying(words::NOT_LOADED)
            })),
        }
    }

    fn number(self) -> Option<u64> {
        self.line.try_with_value(|line| line.number)
    }

    fn screen(self) -> Option<Rc<Screen>> {
        self.line.try_with_value(|line| line.screen.clone()).flatten()
    }

    fn socket(self) -> Option<Rc<Socket>> {
        self.line.try_with_value(|line| line.socket.clone()).flatten()
    }

    fn is_open(self) -> bool {
        self.stage.try_get_untracked() == Some(Stage::Open)
    }

    /// What is asked, of whichever place is chosen now.
    fn call(self, command: Vec<String>, size: Size) -> Result<Call<ExecInDeployment>, Problem> {
        let deployment = Ref::Id(self.known.with_value(|known| known.id));
        let path = Path { workspace: untrack(|| self.here.workspace())?, deployment };
        let query = self.at(|place| exec::query(place, command, size));
        Ok(Call { path, query, headers: NoHeaders, body: NoBody })
    }

    fn at<T>(self, then: impl FnOnce(Option<&Place>) -> T) -> T {
        let key = self.place.get_untracked();
        self.places.with_untracked(|places| then(exec::chosen(places, &key)))
    }

    fn connect(self) {
        let Some(screen) = self.screen() else { return };
        let asked = exec::split(&self.command.get_untracked()).map_err(Problem::saying);
        let call = match asked.and_then(|command| self.call(command, screen.size())) {
            Ok(call) => call,
            Err(problem) => return self.over(Over::Problem(problem)),
        };
        screen.say(ANEW);
        self.stage.set(Stage::Connecting);
        let number = self.number().unwrap_or_default() + 1;
        let call = Rc::new(call);
        let socket = Socket::open(&call, {
            let call = call.clone();
            move |heard| match heard {
                // Nothing was there to be closed: it was refused, and a browser does not say why.
                Heard::Closed(_) if self.stage.try_get_untracked() == Some(Stage::Connecting) => {
                    spawn_local(self.ask_why(number, call.clone()));
                }
                heard => self.hear(Some(number), heard),
            }
        });
        let is_made = socket.is_some();
        self.line.update_value(|line| {
            (line.number, line.socket, line.traffic) = (number, socket.map(Rc::new), Traffic::default());
        });
        if !is_made {
            self.over(Over::Problem(not_opened()));
        }
    }

    async fn ask_why(self, number: u64, call: Rc<Call<ExecInDeployment>>) {
        let why = why_not(&call).await.unwrap_or_else(not_opened);
        if self.number() == Some(number) {
            self.over(Over::Problem(why));
        }
    }

    fn hear(self, number: Option<u64>, heard: Heard) {
        if self.number() != number || self.socket().is_none() {
            return;
        }
        match heard {
            Heard::Opened => self.opened(),
            Heard::Bytes(bytes) => self.draw(&bytes),
            Heard::Text(text) => match serde_json::from_str(&text) {
                Ok(FromCommand::Took { bytes }) => self.send(&[], bytes),
                Ok(FromCommand::Ended { exit_code }) => self.over(Over::Ended(exit_code)),
                Ok(FromCommand::Refused { message, hint }) => {
                    self.over(Over::Problem(Problem { hint, ..Problem::saying(spec::visible(&message)) }));
                }
                // A word of another version's making is not worth ending over.
                Err(_) => {}
            },
            Heard::Closed(code) => self.over(Over::Problem(Problem {
                hint: Some(words::MAY_GO_ON.to_owned()),
                ..Problem::saying(exec::lost(code))
            })),
        }
    }

    fn opened(self) {
        self.stage.set(Stage::Open);
        if let Some(screen) = self.screen() {
            screen.take(true);
            screen.focus();
        }
        // From the beginning: what is written waits until what was before is drawn.
        self.say(ToCommand::Took { bytes: 0 });
        // It may have another size by now.
        self.beat();
    }

    /// Draws what a command writes: all of it is output, for it has a terminal.
    fn draw(self, message: &Uint8Array) {
        if let Some(screen) = self.screen() {
            screen.write(&message.subarray(1, message.length()));
        }
    }

    /// Sends what was typed, as far as the command takes it.
    fn send(self, typed: &[u8], taken: usize) {
        let Some(socket) = self.socket().filter(|_| self.is_open()) else { return };
        let sent = self.line.try_update_value(|line| line.traffic.sends(typed, taken));
        if let Some(bytes) = sent.filter(|bytes| !bytes.is_empty()) {
            socket.send(&bytes);
        }
    }

    fn told(self, told: Told) {
        match told {
            Told::Typed(bytes) => self.send(&bytes, 0),
            Told::Sized(size) => self.say(ToCommand::Resize { size }),
            Told::Drawn(bytes) => {
                if let Some(bytes) = self.line.try_update_value(|line| line.traffic.drew(bytes)).flatten() {
                    self.say(ToCommand::Took { bytes });
                }
            }
            Told::Left => {
                browser::focus(BUTTON);
            }
        }
    }

    fn say(self, word: ToCommand) {
        let said = serde_json::to_string(&word);
        if let (Some(socket), Ok(said)) = (self.socket().filter(|_| self.is_open()), said) {
            socket.say(&said);
        }
    }

    /// Says the size again, which changes nothing.
    fn beat(self) {
        if let Some(screen) = self.screen() {
            self.say(ToCommand::Resize { size: screen.size() });
        }
    }

    /// Ends the connection, if there is one.
    fn over(self, over: Over) {
        self.line.update_value(|line| line.number += 1);
        // Closed outside of the update: what a closing socket says must find the line free.
        let socket = self.line.try_update_value(|line| line.socket.take());
        drop(socket);
        if let Some(screen) = self.screen() {
            screen.take(false);
        }
        self.stage.set(Stage::Over(over));
    }

    fn is_on(self) -> bool {
        matches!(self.stage.get(), Stage::Connecting | Stage::Open)
    }

    fn press(self) {
        if untrack(|| self.is_on()) { self.over(Over::Left) } else { self.connect() }
    }

    fn line(self) -> String {
        let typed = self.command.get_untracked();
        // What cannot be read as words is one, so that it is seen.
        let command = exec::split(&typed).unwrap_or_else(|_| vec![typed.clone()]);
        let workspace = untrack(|| self.here.name());
        let name = self.known.with_value(|known| known.name.clone());
        self.at(|place| exec::line(&workspace, &name, place, &command))
    }

    fn view(self) -> impl IntoView {
        let choose = move || {
            let places = self.places.get();
            let all = places.into_iter().map(|place| (place.key, place.said)).collect::<Vec<_>>();
            (all.len() > 1).then(|| select(words::PLACE, "place", all, self.place))
        };
        // With Enter in the field a command begins; none ends so.
        let begin = move |event: web_sys::SubmitEvent| {
            event.prevent_default();
            if !untrack(|| self.is_on()) {
                self.connect();
            }
        };
        let label = move || match self.stage.get() {
            Stage::Idle => words::CONNECT,
            Stage::Connecting | Stage::Open => words::DISCONNECT,
            Stage::Over(_) => words::CONNECT_AGAIN,
        };
        view! {
            <form class="filters" on:submit=begin>
                {choose}
                {field(words::COMMAND, words::COMMAND_HINT, self.command, Field::of("command", "sh"))}
                <div class="actions">
                    <button
                        type="button" id="terminal-button" class:primary=move || !self.is_on()
                        disabled=move || !self.is_ready.get() on:click=move |_| self.press()
                    >
                        {label}
                    </button>
                    {as_command(move || self.line())}
                </div>
            </form>
            <div role="status">{move || said(&self.stage.get())}</div>
            {move || match self.stage.get() {
                Stage::Over(Over::Problem(problem)) => Some(problem_box(problem)),
                _ => None,
            }}
            <div class="tty" role="group" aria-label=words::SCREEN><div node_ref=self.frame></div></div>
            <p class="soft">{words::KEYS} " " <kbd>{words::LEAVE_KEYS}</kbd> " " {words::LEAVE}</p>
        }
    }
}

fn not_opened() -> Problem {
    Problem { hint: Some(words::NOT_OPENED_HINT.to_owned()), ..Problem::saying(words::NOT_OPENED) }
}

/// What there is to say that is no problem.
fn said(stage: &Stage) -> Option<AnyView> {
    let (said, hint) = match stage {
        Stage::Idle => (words::IDLE.to_owned(), None),
        Stage::Connecting => (words::CONNECTING.to_owned(), None),
        Stage::Open => (words::OPEN.to_owned(), None),
        Stage::Over(Over::Left) => (words::LEFT.to_owned(), None),
        Stage::Over(Over::Ended(exit_code)) => exec::ended(*exit_code),
        Stage::Over(Over::Problem(_)) => return None,
    };
    let hint = hint.map(|hint| view! { <p class="soft">{hint}</p> });
    Some(view! { <p>{said}</p> {hint} }.into_any())
}
