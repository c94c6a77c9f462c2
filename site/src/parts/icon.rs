//! Signs, drawn with lines of one width.

use leptos::prelude::*;

/// A sign that a word stands beside: nobody who hears the page misses it.
pub(crate) fn icon(name: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=path(name)></path></svg>
    }
}

fn path(name: &str) -> &'static str {
    match name {
        "good" => "M3 8.5l3.2 3.2L13 5",
        "busy" => "M8 2a6 6 0 1 1-6 6",
        "warning" => "M8 2L1.5 13.5h13zM8 6.5v3M8 11.5v.3",
        "bad" => "M4 4l8 8M12 4l-8 8",
        "quiet" => "M4 8h8",
        "overview" => "M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z",
        "deployments" => "M8 1.5L14 5v6l-6 3.5L2 11V5zM2 5l6 3.5L14 5M8 8.5v6",
        "sites" => "M2 3h12v10H2zM2 6h12M4 4.5h.2M6 4.5h.2",
        "urls" => "M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.5L11.5 9M9 11.5L7.5 13A3 3 0 0 1 3 8.500L4.5 7",
        "runners" => "M2 3h12v4H2zM2 9h12v4H2zM4.5 5h.2M4.5 11h.2",
        "volumes" => "M2.5 4c0-3 11-3 11 0s-11 3-11 0v8c0 3 11 3 11 0V4M2.500 8c0 3 11 3 11 0",
        "members" => {
            "M6 7.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13.500c0-5 9-5 9 0M11 3a2.3 2.3 0 0 1 0 4.500M12 9.500c1.8.5 2.5 2 2.5 4"
        }
        "roles" => "M8 1.500l5.5 2v4c0 3.5-2.5 6-5.5 7-3-1-5.5-3.5-5.5-7v-4zM5.5 8l2 2 3.5-4",
        "audit" => "M3.5 1.500h9v13h-9zM6 5h4M6 8h4M6 11h2",
        "menu" => "M2 4h12M2 8h12M2 12h12",
        "copy" => "M5.5 5.500h8v8h-8zM3 10.500H2.500v-8h8V3",
        "external" => "M6 3H3v10h10v-3M9 3h4v4M13 3L7.5 8.5",
        "search" => "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.5 10.500L14 14",
        "key" | "secrets" => "M5.5 10.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8.5 7.500H14v2.500M11.5 7.500v2",
        "plus" => "M8 3v10M3 8h10",
        _ => "M8 8h.2",
    }
}
