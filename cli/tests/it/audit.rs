//! `patr audit`.

use patr_models::{
    audit::{
        AuditEntry, GENESIS, Outcome, account::ListAccountAudit, export::ExportAudit,
        export_account::ExportAccountAudit, list::ListAudit,
    },
    error::Common,
    time::Millis,
};

use crate::{
    context::{TestContext, patr_snapshot},
    edge::Answer,
    sample::{acme, audit_entry, id, page},
};

#[test]
fn listing_what_was_done() {
    let t = TestContext::new();
    let by_token = AuditEntry {
        token: Some(id(1)),
        address: Some("192.0.2.7".to_owned()),
        ..audit_entry("UpdateDeployment", "web")
    };
    let refused = AuditEntry {
        outcome: Outcome::Refused,
        code: Some("forbidden".to_owned()),
        ..audit_entry("DeleteDeployment", "web")
    };
    t.edge.answers::<ListAudit>(page(vec![by_token, refused]));
    patr_snapshot!(t.patr("audit list --limit 2"), @"
    exit code: 0
    ----- stdout -----
    AT                    ACTION            NAME  OUTCOME    RESOURCE                        USER                            THROUGH                         FROM
    2026-01-31 12:01:00Z  UpdateDeployment  web   done       dep_00000000000000000000000001  usr_00000000000000000000000001  tok_00000000000000000000000001  192.0.2.7
    2026-01-31 12:01:00Z  DeleteDeployment  web   forbidden  dep_00000000000000000000000001  usr_00000000000000000000000001  -                               -
    ");
    assert_eq!(t.edge.asked::<ListAudit>()[0].call.path.workspace, acme());
}

#[test]
fn a_list_is_narrowed_as_it_is_asked_for() {
    let t = TestContext::new();
    t.edge.answers::<ListAudit>(page(Vec::new()));
    let line = "audit list --name web --actor tok_1 --action CreateRunner --resource run_1 --outcome refused \
                --from 2026-01-31T00:00:00Z --to 2026-02-01T00:00:00Z";
    assert_eq!(t.patr(line).run().code, 0);
    let query = t.edge.asked::<ListAudit>().remove(0).call.query;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!((query.name, query.actor, query.action), (text("web"), text("tok_1"), text("CreateRunner")));
    assert_eq!((query.resource, query.outcome), (text("run_1"), Some(Outcome::Refused)));
    assert_eq!(query.from, Some("2026-01-31T00:00:00Z".parse::<Millis>().unwrap()));
    assert_eq!(query.to, Some("2026-02-01T00:00:00Z".parse::<Millis>().unwrap()));
    let unknown = t.patr("audit list --outcome maybe").run();
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("`maybe` is no outcome: use `done` or `refused`"), "{}", unknown.stderr);
}

#[test]
fn an_account_has_a_log_of_its_own() {
    let t = TestContext::new();
    t.edge.answers::<ListAccountAudit>(page(vec![audit_entry("LogIn", "ada@example.com")]));
    let listed = t.patr("audit list --account").run();
    assert!(listed.stdout.contains("LogIn"), "{}", listed.stdout);
}

/// A chain of this many lines.
fn chain(length: u64) -> Vec<AuditEntry> {
    let mut prev = GENESIS.to_owned();
    let mut next = |seq| {
        let entry = AuditEntry { seq, prev: prev.clone(), ..audit_entry("CreateRunner", "box") }.sealed();
        prev.clone_from(&entry.hash);
        entry
    };
    (1..=length).map(&mut next).collect()
}

fn lines(entries: &[AuditEntry]) -> String {
    entries.iter().map(|entry| entry.to_line() + "\n").collect()
}

#[test]
fn an_export_is_what_the_installation_answers() {
    let t = TestContext::new();
    let whole = lines(&chain(3));
    t.edge.says::<ExportAudit>(Answer::raw(200, &whole));
    t.edge.says::<ExportAccountAudit>(Answer::raw(200, "{}\n"));
    assert_eq!(t.patr("audit export").run().stdout, whole);
    assert_eq!(t.patr("audit export --account").run().stdout, "{}\n");
}

#[test]
fn an_export_that_was_not_touched_is_good_and_shows_its_head() {
    let t = TestContext::new();
    let entries = chain(3);
    t.file("acme.ndjson", &lines(&entries));
    let good = t.patr("audit verify acme.ndjson").run();
    let shown = format!("chain    {}\nentries  1 to 3\nhead     {}\n", entries[0].chain, entries[2].hash);
    assert_eq!((good.code, good.stdout), (0, shown));
    assert!(good.stderr.starts_with("nothing was changed, dropped, inserted or moved\n"), "{}", good.stderr);
    let head = format!("audit verify acme.ndjson --head {}", entries[1].hash);
    assert_eq!(t.patr(&head).run().code, 0);
}

#[test]
fn an_export_that_was_touched_names_the_entry() {
    let t = TestContext::new();
    let entries = chain(3);
    t.file("changed.ndjson", &lines(&entries).replacen("box", "bex", 1));
    t.file("dropped.ndjson", &lines(&[entries[0].clone(), entries[2].clone()]));
    t.file("cut.ndjson", &lines(&entries[..2]));
    t.file("other.txt", "hello\n");
    let head = &entries[2].hash;
    let cut = format!("no entry has the hash {head}: the end of the log was cut off or written anew");
    for (line, problem) in [
        ("changed.ndjson".to_owned(), "line 1: entry 1 was changed"),
        ("dropped.ndjson".to_owned(), "line 2: entry 2 was dropped before it"),
        (format!("cut.ndjson --head {head}"), cut.as_str()),
        ("other.txt".to_owned(), "line 1 is no line of an export"),
    ] {
        let verified = t.patr(&format!("audit verify {line}")).run();
        assert_eq!((verified.code, verified.stderr), (1, format!("error: {problem}\n")), "{line}");
    }
    assert_eq!(t.patr("audit verify nothing.ndjson").run().code, 2);
}

#[test]
fn a_workspace_of_strangers_has_no_log_to_show() {
    let t = TestContext::new();
    let missing = Common::NotFound { noun: "workspace".to_owned(), name: "strangers".to_owned() };
    t.edge.refuses_commonly::<ListAudit>(&missing);
    patr_snapshot!(t.patr("-w strangers audit list"), @"
    exit code: 4
    ----- stderr -----
    error: there is no workspace `strangers` here

    hint: check the name, and the workspace with `patr workspace list`
    ");
}
