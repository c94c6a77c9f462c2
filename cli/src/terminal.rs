//! The terminal that `patr` runs on, for commands elsewhere that want one.

use patr_models::deployment::exec::Size;

/// The size of a terminal where nobody says one.
const USUAL: Size = Size { columns: 80, rows: 24 };

/// While this lives, keys reach the program at once and as they are. Whatever ends it gives the terminal back.
pub(crate) struct Raw(());

impl Raw {
    pub(crate) fn enter() -> std::io::Result<Self> {
        crossterm::terminal::enable_raw_mode()?;
        Ok(Self(()))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back; nothing happens if it was not taken.
pub(crate) fn restore() {
    // There is nobody who could be told, and nothing else to try.
    let _ = crossterm::terminal::disable_raw_mode();
}

pub(crate) fn size() -> Size {
    let known = crossterm::terminal::size().ok().filter(|&(columns, rows)| columns > 0 && rows > 0);
    known.map_or(USUAL, |(columns, rows)| Size { columns, rows })
}

/// Tells of new sizes, where a terminal is followed and the platform says so.
pub(crate) struct Resizes {
    #[cfg(unix)]
    changed: Option<tokio::signal::unix::Signal>,
}

impl Resizes {
    #[cfg(unix)]
    pub(crate) fn new(follow: bool) -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { changed: follow.then(|| signal(SignalKind::window_change()).ok()).flatten() }
    }

    #[cfg(not(unix))]
    pub(crate) fn new(_: bool) -> Self {
        Self {}
    }

    /// The next size; never, where nothing is followed.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> Size {
        let changed = match &mut self.changed {
            Some(changed) => changed.recv().await,
            None => None,
        };
        match changed {
            Some(()) => size(),
            None => std::future::pending().await,
        }
    }

    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> Size {
        std::future::pending().await
    }
}

/// Waits until somebody wants the program to end. In raw mode Ctrl-C is a key like any other, but a signal that would
/// end the program at once would leave the terminal as it is.
#[cfg(unix)]
pub(crate) async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    let mut signals: Vec<_> = signals.into_iter().flatten().collect();
    std::future::poll_fn(|task| {
        let ready = signals.iter_mut().any(|signal| signal.poll_recv(task).is_ready());
        if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[cfg(not(unix))]
pub(crate) async fn asked_to_end() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
