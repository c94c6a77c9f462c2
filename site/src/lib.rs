//! The dashboard: what runs, why it does not, and what can be done about it.
//!
//! What decides has no browser in it, is compiled for the machine too, and is tested there. What draws is for browsers only.
//!
//! | module | does |
//! |---|---|
//! | [`text`] | every sentence that is shown and does not come from the API |
//! | [`status`] | what a status or a connection is called, and how it looks |
//! | [`command`] | what to type for the same on the command line |
//! | [`exec`] | commands at a terminal: where, what their ends mean, how much of what they write is drawn |
//! | [`place`] | the address of every view |
//! | `format` | times, sizes and counts |
//! | [`spec`], [`changes`] | what forms say of a deployment, and what differs between two releases |
//! | [`chosen`] | what of a folder is published |
//! | [`machines`] | which runner a form begins with |
//! | [`requests`] | which requests are looked for, and how one is said |
//! | [`grants`] | what a role allows, while somebody ticks it |
//! | [`metrics`] | what replicas used, as lines to draw |
//! | [`age`] | since when what is shown has been known |
//! | [`retry`] | how long to wait before a connection is tried again |
//! | [`search`] | which entries match what was typed |
//! | `app`, `shell` | which view is at which address, and the frame around it |
//! | `api`, `fresh`, `live` | calls, answers that are kept as they are there, and when to ask again |
//! | `split` | which views are loaded together, and when |
//! | `newer` | whether there is another dashboard by now |
//! | `upload` | a folder into a version of a site |
//! | `here` | who looks at what, and what they may do there |
//! | `browser` | the only file that asks the browser for anything but the network |
//! | `parts` | what views are made of |
//! | `pages` | one file per view |

pub mod age;
pub mod changes;
pub mod chosen;
pub mod command;
pub mod exec;
pub mod format;
pub mod grants;
pub mod machines;
pub mod metrics;
pub mod place;
pub mod requests;
pub mod retry;
pub mod search;
pub mod spec;
pub mod status;
pub mod text;

#[cfg(target_arch = "wasm32")]
mod api;
#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod fresh;
#[cfg(target_arch = "wasm32")]
mod here;
#[cfg(target_arch = "wasm32")]
mod live;
#[cfg(target_arch = "wasm32")]
mod newer;
#[cfg(target_arch = "wasm32")]
mod pages;
#[cfg(target_arch = "wasm32")]
mod parts;
#[cfg(target_arch = "wasm32")]
mod shell;
#[cfg(target_arch = "wasm32")]
mod split;
#[cfg(target_arch = "wasm32")]
mod upload;

/// The script of the page calls this once.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| browser::say_broken(&panic.to_string())));
    leptos::mount::mount_to_body(app::app);
}
