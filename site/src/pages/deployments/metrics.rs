//! What the replicas of a deployment used.

use leptos::prelude::*;
use patr_models::{
    auth::ResourceType,
    deployment::metrics::{GetMetrics, Metrics, Path, Query},
    ids::Ref,
};

use super::one::Known;
use crate::{
    api,
    command::patr_in,
    fresh::{Ask, fresh},
    here::Here,
    metrics::{self, MEASURES, SIZE},
    parts::{command::as_command, form::select, id, list::table},
    text::deployments as words,
};

/// How far back: seconds, what that is called, and the same on the command line.
const BACK: [(u32, &str, &str); 3] =
    [(3600, words::HOUR, "1h"), (86_400, words::DAY, "24h"), (604_800, words::WEEK, "7d")];

pub(crate) fn show(here: Here, known: Known) -> impl IntoView {
    let chosen = RwSignal::new(BACK[0].2.to_owned());
    let since_s = move || {
        let back = BACK.iter().find(|(_, _, flag)| chosen.with(|chosen| chosen == flag));
        back.map_or(BACK[0].0, |(seconds, _, _)| *seconds)
    };
    let id = known.id;
    let used = fresh(move || {
        let (workspace, since_s) = (here.workspace(), since_s());
        Ask::new(format!("{id} {since_s}"), async move {
            let path = Path { workspace: workspace?, deployment: Ref::Id(id) };
            let used = api::query::<GetMetrics, _>(path, Query { since_s: Some(since_s) }).await?;
            Ok((used, since_s))
        })
        .about(&[ResourceType::Deployment, ResourceType::Runner])
    });
    let line = move || {
        let since = chosen.get_untracked();
        let words = ["deployment", "show", &known.name, "--metrics", "--since", &since];
        patr_in(&untrack(|| here.name()), &words)
    };
    let options = BACK.iter().map(|(_, said, flag)| ((*flag).to_owned(), (*said).to_owned())).collect();
    view! {
        <div class="filters">
            {select(words::BACK, "since", options, chosen)}
            {as_command(line)}
        </div>
        {used.show(|(used, since_s)| drawn(&used, since_s))}
    }
}

fn drawn(used: &Metrics, since_s: u32) -> AnyView {
    let Some(span) = metrics::span(used, since_s) else {
        return view! { <p class="soft">{words::METRICS_NONE}</p> }.into_any();
    };
    let (width, height) = SIZE;
    let rows = used.replicas.iter().flat_map(|series| {
        MEASURES.iter().map(move |measure| {
            let line = metrics::line(measure, &series.points, span);
            vec![
                id(&series.replica).into_any(),
                measure.name.into_any(),
                view! {
                    // The numbers beside it say the same.
                    <svg class="icon spark" viewBox=format!("0 0 {width} {height}") preserveAspectRatio="none" aria-hidden="true">
                        <path d=line.path></path>
                    </svg>
                }
                .into_any(),
                line.now.unwrap_or_else(|| words::GONE.to_owned()).into_any(),
                line.most.into_any(),
            ]
        })
    });
    table(words::TAB_METRICS, &words::METRIC_COLUMNS, rows.collect()).into_any()
}
