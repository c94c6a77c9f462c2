//! How long it takes until there is something to read, and until it can be used, in a browser that has nothing yet. It is printed:
//! how fast a machine is says nothing about what it builds.

use patr_stories::{Browser, Edge};

use crate::accounts::Person;

/// Notes when the first view is drawn, and when the page was too busy to answer.
const NOTE: &str = "
    window.busy = [];
    new PerformanceObserver(list => busy.push(...list.getEntries())).observe({ type: 'longtask', buffered: true });
    const look = () => {
        const isDrawn = document.querySelector('main h1') && !document.querySelector('.skeleton');
        isDrawn ? performance.mark('drawn') : requestAnimationFrame(look);
    };
    look();
";

/// Milliseconds since the page was asked for, and what came over the wire.
const TIMES: &str = "
    const at = name => performance.getEntriesByName(name)[0]?.startTime;
    while (!at('drawn') || !at('first-contentful-paint')) await new Promise(requestAnimationFrame);
    const rest = Math.max(at('drawn'), ...busy.map(task => task.startTime + task.duration));
    const bytes = performance.getEntriesByType('resource').map(file => file.transferSize).reduce((a, b) => a + b);
    return { paint: at('first-contentful-paint'), drawn: at('drawn'), interactive: rest, bytes };
";

#[tokio::test]
async fn the_first_view_is_drawn_in_a_browser_that_has_nothing_yet() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    edge.owner("ada", "acme").await;
    browser.run_first(NOTE).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    let times = browser.run(TIMES, Vec::new()).await;
    let of = |name: &str| times[name].as_f64().unwrap();
    println!(
        "first contentful paint {:.0} ms, drawn {:.0} ms, interactive {:.0} ms; {:.0} KiB over the wire",
        of("paint"),
        of("drawn"),
        of("interactive"),
        of("bytes") / 1024.0
    );
    assert!(of("paint") <= of("interactive"), "{times}");
    browser.close().await;
}
