//! A terminal that a test types at.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};

/// How long a test waits for a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The two ends of a pseudoterminal.
pub(crate) struct Terminal {
    screen: File,
    user: OwnedFd,
}

impl Terminal {
    pub(crate) fn open(columns: u16, rows: u16) -> Self {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let user = ioctl_tiocgptpeer(&screen, OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        let terminal = Self { screen: screen.into(), user };
        terminal.resize(columns, rows);
        terminal
    }

    /// The end that a program has.
    pub(crate) fn user(&self) -> OwnedFd {
        self.user.try_clone().unwrap()
    }

    /// Whoever runs on it is told.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.screen, size).unwrap();
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.screen.write_all(text.as_bytes()).unwrap();
    }

    /// What is shown until `text` is, with that.
    pub(crate) fn shows(&mut self, text: &str) -> String {
        let mut shown = Vec::new();
        let mut buffer = [0; 1024];
        while !String::from_utf8_lossy(&shown).contains(text) {
            let mut ready = [PollFd::new(&self.screen, PollFlags::IN)];
            let count = poll(&mut ready, Some(&PATIENCE.try_into().unwrap())).unwrap();
            assert!(count > 0, "it shows no {text:?} but {:?}", String::from_utf8_lossy(&shown));
            let read = self.screen.read(&mut buffer).unwrap();
            shown.extend_from_slice(&buffer[..read]);
        }
        String::from_utf8(shown).unwrap()
    }

    /// Whether lines are edited before a program gets them, as a shell left it.
    pub(crate) fn edits_lines(&self) -> bool {
        self.modes().contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// Waits until what is typed is not shown.
    pub(crate) fn hides_what_is_typed(&self) {
        let until = Instant::now() + PATIENCE;
        while self.modes().contains(LocalModes::ECHO) {
            assert!(Instant::now() < until, "what is typed is shown");
            std::thread::yield_now();
        }
    }

    fn modes(&self) -> LocalModes {
        tcgetattr(&self.user).unwrap().local_modes
    }
}
