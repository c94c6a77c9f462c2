//! A network of a story's own, joined to the machine by a link that the story can cut.
//!
//! ```text
//!  the machine                         the namespace
//!  agent ── 10.214.x.1 ═══ link ═══ 10.214.x.2 ──▶ 127.0.0.1:port  the edge
//!  story ── 127.0.0.1:port ─────────────────────▶
//! ```
//!
//! Only the agent's packets take the link: a cut hides the edge from it and not from the story.

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::Command,
    thread,
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use crate::engine::is_root;

/// A network namespace. It goes with the value, and its link too.
pub struct Namespace {
    name: String,
    /// Both ends of the link: the machine's, and the namespace's.
    links: [String; 2],
    addresses: [Ipv4Addr; 2],
}

impl Namespace {
    /// One that is joined to the machine; `None`, said loudly, where there can be none.
    pub fn new() -> Option<Self> {
        if !is_root() {
            eprintln!("SKIPPED: a network of a story's own needs root");
            return None;
        }
        let id = std::process::id();
        let [.., high, low] = (id % (1 << 14) * 4).to_be_bytes();
        let address = |host| Ipv4Addr::new(10, 214, high, low + host);
        let name = format!("patr-{id}");
        let links = [format!("patr{id}o"), format!("patr{id}i")];
        let namespace = Self { name, links, addresses: [address(1), address(2)] };
        match namespace.make() {
            Ok(()) => Some(namespace),
            Err(error) => {
                eprintln!("SKIPPED: a network of a story's own cannot be made here: {error}");
                None
            }
        }
    }

    fn make(&self) -> Result<(), String> {
        let Self { name, links: [outer, inner], addresses: [here, there] } = self;
        let net = |address: &Ipv4Addr| format!("{address}/30");
        ip(&["netns", "add", name])?;
        ip(&["link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name])?;
        ip(&["address", "add", &net(here), "dev", outer])?;
        ip(&["-n", name, "address", "add", &net(there), "dev", inner])?;
        ip(&["-n", name, "link", "set", "lo", "up"])?;
        self.join()?;
        ip(&["link", "set", outer, "up"])?;
        // Known for ever: when the link is cut nobody is told that the other end is gone, its packets only vanish.
        let shown = ip(&["-n", name, "-json", "link", "show", inner])?;
        let shown: serde_json::Value = serde_json::from_str(&shown).map_err(|error| error.to_string())?;
        let hardware = shown[0]["address"].as_str().ok_or("a link has no address")?;
        let neighbour = ["neighbour", "replace", &there.to_string(), "lladdr", hardware, "dev", outer];
        ip(&[&neighbour[..], &["nud", "permanent"]].concat()).map(drop)
    }

    /// Takes the link down at the far end: what is sent vanishes, and no connection is reset.
    pub fn cut(&self) {
        ip(&["-n", &self.name, "link", "set", &self.links[1], "down"]).unwrap();
    }

    /// Takes it up again.
    pub fn join(&self) -> Result<(), String> {
        ip(&["-n", &self.name, "link", "set", &self.links[1], "up"]).map(drop)
    }

    /// The words before a program that is to run inside.
    pub fn words(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.name].map(str::to_owned).into()
    }

    /// The words before a program to which `localhost` is the far end of the link.
    pub fn words_beyond_the_link(&self, folder: &std::path::Path) -> Vec<String> {
        let hosts = folder.join("hosts");
        std::fs::write(&hosts, format!("{} localhost\n", self.addresses[1])).unwrap();
        let script = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
        let words = ["unshare", "--mount", "sh", "-c", script].map(str::to_owned);
        words.into_iter().chain([hosts.display().to_string()]).collect()
    }

    /// Leads to a port inside: from the end of the link, and past the link from the same port of this machine, on which
    /// nothing may listen yet. Ends with the process.
    pub fn lead_to(&self, port: u16) {
        let here = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let inside = SocketAddr::from((self.addresses[1], port));
        let namespace = File::open(PathBuf::from("/run/netns").join(&self.name)).unwrap();
        // Of a thread's own: sockets are of the namespace in which their thread was when it made them.
        thread::spawn(move || {
            use std::os::fd::AsFd;
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                here.set_nonblocking(true).unwrap();
                let here = TcpListener::from_std(here).unwrap();
                let linked = TcpListener::bind(inside).await.unwrap();
                tokio::join!(forward(here, port), forward(linked, port));
            });
        });
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Both ends of a link go together.
        let _ = ip(&["link", "delete", &self.links[0]]);
        let _ = ip(&["netns", "delete", &self.name]);
    }
}

/// Passes each connection on to a port of this namespace.
async fn forward(listener: TcpListener, port: u16) {
    loop {
        let (mut from, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            if let Ok(mut to) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                let _ = copy_bidirectional(&mut from, &mut to).await;
            }
        });
    }
}

fn ip(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("ip").args(arguments).output().map_err(|error| format!("`ip`: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
    }
}
