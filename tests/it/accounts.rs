//! An account in a browser: logging in with a password, an authenticator app, a passkey and a recovery code, and a link from
//! a mail.

use std::path::Path;

use fantoccini::Locator;
use patr_stories::{Browser, Edge, Program, eventually};
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// What an authenticator app with this seed shows now, or `given[1]` half minutes later (RFC 6238).
const CODE: &str = "
    const bits = [...given[0]].map(c => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
    const seed = Uint8Array.from(bits.match(/.{8}/g), byte => parseInt(byte, 2));
    const key = await crypto.subtle.importKey('raw', seed, { name: 'HMAC', hash: 'SHA-1' }, false, ['sign']);
    const step = new DataView(new ArrayBuffer(8));
    step.setUint32(4, Math.floor(Date.now() / 30000) + given[1]);
    const mac = new DataView(await crypto.subtle.sign('HMAC', key, step.buffer));
    return String((mac.getUint32(mac.getUint8(19) & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
";

/// A person at a browser.
pub(crate) struct Person<'a> {
    pub(crate) browser: &'a Browser,
    pub(crate) edge: &'a Edge,
    pub(crate) email: &'static str,
}

impl Person<'_> {
    pub(crate) async fn goes_to(&self, path: &str) {
        self.browser.window.goto(&format!("{}{path}", self.edge.url())).await.unwrap();
    }

    /// Waits until something is there, and to be seen.
    pub(crate) async fn sees(&self, css: &str) -> fantoccini::elements::Element {
        eventually(css, async || {
            let found =
                self.browser.window.find(Locator::Css(css)).await.map_err(|error| error.to_string())?;
            match found.is_displayed().await {
                Ok(true) => Ok(found),
                other => Err(format!("{other:?}")),
            }
        })
        .await
    }

    async fn types(&self, css: &str, text: &str) {
        self.sees(css).await.send_keys(text).await.unwrap();
    }

    pub(crate) async fn presses(&self, css: &str) {
        self.sees(css).await.click().await.unwrap();
    }

    /// On the page to log in at.
    pub(crate) async fn gives_the_password(&self) {
        self.types("input[name=email]", self.email).await;
        self.types("input[name=password]", PASSWORD).await;
        self.presses("form:not(#passkey) button").await;
    }

    async fn gives_a_code(&self, code: &str) {
        self.types("input[name=code]", code).await;
        self.presses("form:not(#passkey) button").await;
    }

    async fn is_in(&self) {
        self.sees("a[href='/account']").await;
        assert!(self.browser.window.current_url().await.unwrap().path() == "/account");
    }

    async fn logs_out(&self) {
        self.presses("form[action='/logout'] button").await;
        self.sees("input[name=email]").await;
    }

    async fn code(&self, seed: &str, later: u32) -> String {
        let code = self.browser.run(CODE, vec![json!(seed), json!(later)]).await;
        code.as_str().unwrap().to_owned()
    }
}

/// The link in the newest mail to an address.
fn link(outbox: &Path, subject: &str) -> Result<String, String> {
    let files = std::fs::read_dir(outbox).map_err(|error| error.to_string())?;
    let mails = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let mail = mails.into_iter().find(|mail| mail.contains("To: ada@example.com") && mail.contains(subject));
    let mail = mail.ok_or_else(|| format!("no mail about `{subject}`"))?;
    let link = mail.split_whitespace().find(|word| word.contains("#patr_m_"));
    link.map(str::to_owned).ok_or(mail)
}

#[tokio::test]
async fn a_person_logs_in_with_each_of_what_the_account_has() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    let ada = edge.owner("ada", "acme").await;
    let person = Person { browser: &browser, edge: &edge, email: "ada@example.com" };

    person.goes_to("/login").await;
    person.gives_the_password().await;
    person.is_in().await;

    // An authenticator app, enabled with its first code.
    person.presses("#totp button").await;
    let seed = person.sees("#seed").await.text().await.unwrap();
    person.sees("#qr").await;
    let width = browser.run("return document.querySelector('#qr').naturalWidth", Vec::new()).await;
    assert!(width.as_u64().is_some_and(|width| width > 0), "no picture: {width}");
    let first = person.code(&seed, 0).await;
    person.types("#enrolment input[name=code]", &first).await;
    person.presses("#enrolment button").await;
    let codes = person.sees("#recovery-codes").await.text().await.unwrap();
    let codes: Vec<&str> = codes.split_whitespace().collect();
    assert_eq!(codes.len(), 10);
    person.presses("#codes button").await;

    // A passkey, in the browser's own authenticator.
    browser.add_authenticator().await;
    person.types("#add-passkey input[name=name]", "laptop").await;
    person.presses("#add-passkey button").await;
    person.sees("form[data-path^='/api/v1/me/passkeys/pk_']").await;

    // The code that enabled the app is used up: the next one is good already.
    person.logs_out().await;
    person.goes_to("/login").await;
    person.gives_the_password().await;
    person.gives_a_code(&first).await;
    person.sees(".wrong").await;
    person.gives_a_code(&person.code(&seed, 1).await).await;
    person.is_in().await;

    person.logs_out().await;
    person.presses("#passkey button").await;
    person.is_in().await;

    person.logs_out().await;
    person.goes_to("/login").await;
    person.gives_the_password().await;
    person.gives_a_code(codes[3]).await;
    person.is_in().await;

    // The link of the mail that came with the account.
    let outbox = edge.state().join("outbox");
    let link = eventually("the mail", async || link(&outbox, "Is this your address?")).await;
    browser.window.goto(&link).await.unwrap();
    person.presses("form[data-path='/api/v1/verify-email'] button").await;
    eventually("the address is proved", async || {
        let said = person.sees("form p").await.text().await.map_err(|error| error.to_string())?;
        if said.contains("The address is yours") { Ok(()) } else { Err(said) }
    })
    .await;

    let patr = Program::of(&edge, &ada);
    let shown = patr.run(&["account", "show", "--output", "json"]).await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        (&shown["email_verified"], &shown["second_factors"]["recovery_codes_left"]),
        (&json!(true), &json!(9))
    );
    assert_eq!(shown["second_factors"]["passkeys"][0]["name"], "laptop");
    let sessions = patr.run(&["account", "sessions", "list", "--output", "json"]).await;
    let sessions: Value = serde_json::from_str(&sessions).unwrap();
    assert!(sessions["items"].as_array().unwrap().len() >= 2, "{sessions}");
    browser.close().await;
}

#[tokio::test]
async fn a_site_for_members_is_reached_through_the_same_login() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    let ada = edge.owner("ada", "acme").await;
    let page = patr_stories::File::new("index.html", "<!doctype html><p id=inside>for members</p>");
    patr_stories::Folder::of(vec![page]).become_site(&ada, "docs").await;
    ada.raw(http::Method::PUT, "/api/v1/workspaces/acme/sites/docs/access", r#"{"kind":"members"}"#).await;
    let person = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    browser.window.goto(&format!("http://docs-acme.localhost:{}/", edge.port)).await.unwrap();
    person.gives_the_password().await;
    person.sees("#inside").await;
    browser.close().await;
}
