//! A device that is let in from a browser elsewhere (RFC 8628).

use patr_stories::{Browser, Edge, Program, program::Running};

use crate::accounts::Person;

/// What `patr login` asks of people: the address to open, and the code to compare.
async fn request(login: &mut Running) -> (String, String) {
    let (address, code) = (login.line().await, login.line().await);
    let address = address.strip_prefix("open ").unwrap().to_owned();
    (address, code.rsplit(' ').next().unwrap().to_owned())
}

/// Opens an address, logs in if that is asked for, and compares the code.
async fn compares(person: &Person<'_>, address: &str, code: &str) {
    person.browser.window.goto(address).await.unwrap();
    if person.browser.window.current_url().await.unwrap().path() == "/login" {
        person.gives_the_password().await;
    }
    assert_eq!(person.sees(".code").await.text().await.unwrap(), code);
}

#[tokio::test]
async fn a_device_is_let_in_or_refused_in_whoevers_browser_its_code_is_compared() {
    let (Some(adas), Some(bobs)) = (Browser::open().await, Browser::open().await) else { return };
    let edge = Edge::start().await;
    edge.owner("ada", "acme").await;
    edge.person("bob").await;
    let ada = Person { browser: &adas, edge: &edge, email: "ada@example.com" };
    let bob = Person { browser: &bobs, edge: &edge, email: "bob@example.com" };

    let device = Program::of_nobody(&edge);
    let mut login = device.start_and_listen(&["login", "--no-browser"]);
    let (address, code) = request(&mut login).await;
    compares(&bob, &address, &code).await;
    bob.presses("button[value=deny]").await;
    let (said, status) = login.end().await;
    assert!(status != Some(0) && said.contains("refused"), "{status:?}: {said}");

    let mut login = device.start_and_listen(&["login", "--no-browser"]);
    let (address, code) = request(&mut login).await;
    compares(&ada, &address, &code).await;
    ada.presses("button[value=approve]").await;
    // A code is good once: bob, who has seen it too, gets nowhere with it.
    let (said, status) = login.end().await;
    assert_eq!(status, Some(0), "{said}");
    bob.browser.window.goto(&address).await.unwrap();
    assert!(bob.sees(".wrong").await.text().await.unwrap().contains("no such code"));
    assert!(device.run(&["whoami"]).await.contains("ada@example.com"));

    device.run(&["logout"]).await;
    assert_ne!(device.try_run(&["whoami"]).await.code, Some(0));
    adas.close().await;
    bobs.close().await;
}
