//! How long it takes until there is something to read, and until it can be used, in a browser that has nothing yet. It is printed:
//! how fast a machine is says nothing about what it builds.

use std::path::PathBuf;

use patr_stories::{Browser, Edge, Program};

use crate::accounts::Person;

/// Notes when the first view is drawn, ours or the form of another's to log in with, and when the page was too busy to answer.
const NOTE: &str = "
    window.busy = [];
    new PerformanceObserver(list => busy.push(...list.getEntries())).observe({ type: 'longtask', buffered: true });
    const look = () => {
        const isDrawn = document.querySelector('main h1, input[type=password]') && !document.querySelector('.skeleton');
        isDrawn ? performance.mark('drawn') : requestAnimationFrame(look);
    };
    look();
";

/// Milliseconds since the page was asked for, and what came over the wire.
const TIMES: &str = "
    const at = name => performance.getEntriesByName(name)[0]?.startTime;
    while (!at('drawn') || !at('first-contentful-paint')) await new Promise(requestAnimationFrame);
    const rest = Math.max(at('drawn'), ...busy.map(task => task.startTime + task.duration));
    const files = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
    const bytes = files.map(file => file.transferSize).reduce((a, b) => a + b);
    return [at('first-contentful-paint'), at('drawn'), rest, bytes / 1024];
";

/// How often each is loaded for `cargo xtask bench dashboard`; the medians count.
const RUNS: usize = 5;

/// First contentful paint, drawn and interactive in milliseconds, and KiB over the wire.
type Times = [f64; 4];

async fn times(browser: &Browser) -> Times {
    serde_json::from_value(browser.run(TIMES, Vec::new()).await).unwrap()
}

fn told([paint, drawn, interactive, kib]: Times) -> String {
    format!(
        "first contentful paint {paint:>6.0} ms, drawn {drawn:>6.0} ms, interactive {interactive:>6.0} ms, {kib:>5.0} KiB"
    )
}

#[tokio::test]
async fn the_first_view_is_drawn_in_a_browser_that_has_nothing_yet() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    edge.owner("ada", "acme").await;
    browser.run_first(NOTE).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    let times = times(&browser).await;
    println!("{}", told(times));
    let [paint, _, interactive, _] = times;
    assert!(paint <= interactive, "{times:?}");
    browser.close().await;
}

/// Loads pages in turns; the medians of each, in words.
async fn compare(browser: &Browser, pages: &[(&str, String)], on_a_phone: bool) -> String {
    let mut all = vec![Vec::new(); pages.len()];
    for _ in 0..RUNS {
        for ((_, url), all) in pages.iter().zip(&mut all) {
            browser.window.goto("about:blank").await.unwrap();
            browser.loads_anew(on_a_phone).await;
            browser.window.goto(url).await.unwrap();
            all.push(times(browser).await);
        }
    }
    browser.loads_anew(false).await;
    let medians = all.iter().map(|all| {
        std::array::from_fn(|what| {
            let mut values: Vec<f64> = all.iter().map(|times: &Times| times[what]).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        })
    });
    let medians: Vec<Times> = medians.collect();
    let lines = pages.iter().zip(&medians).map(|((name, _), times)| format!("{name:<34} {}", told(*times)));
    let ratios = medians.first().zip(medians.last()).map(|(ours, theirs)| {
        let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| format!("{:.2}", ours / theirs));
        format!("{:<34} {}", "the first to the last", ratios.collect::<Vec<_>>().join(", "))
    });
    lines.chain(ratios).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
#[ignore = "`cargo xtask bench dashboard` runs it: it measures, and needs the dashboard of a peer"]
async fn beside_the_dashboard_of_a_peer() {
    let Some(browser) = Browser::open().await else { return };
    let peer = PathBuf::from(std::env::var_os("PATR_PEER_DASHBOARD").unwrap());
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    // Served as ours is, and compressed as well.
    Program::of(&edge, &owner).run(&["site", "deploy", peer.to_str().unwrap(), "--name", "peer"]).await;
    let login = format!("{}/login", edge.url());
    browser.run_first(NOTE).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    let overview = browser.window.current_url().await.unwrap().to_string();
    assert_ne!(overview, login);
    let pages = [
        ("Patr, the overview with its data", overview),
        ("Patr, the form to log in with", login),
        ("the peer, its form to log in with", format!("http://peer-acme.localhost:{}/", edge.port)),
    ];
    for (on_a_phone, said) in [(false, "on this machine"), (true, "as on a phone with a slow connection")] {
        let compared = compare(&browser, &pages, on_a_phone).await;
        println!("\n{said}, medians of {RUNS}\n\n{compared}");
    }
    browser.close().await;
}
