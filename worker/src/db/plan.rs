//! What a query plan must not do: D1 bills every row that is read, and answers one query at a time.

/// Statements that read a whole table on purpose, by how they begin, and why that is fine.
const EXCUSED: &[(&str, &str)] = &[
    ("SELECT count(*) AS count FROM (SELECT 1 FROM users LIMIT 1)", "one row at most"),
    ("SELECT DISTINCT chain FROM audit WHERE hash = '' LIMIT ?1", "a partial index of what is left to seal"),
    ("SELECT * FROM hosts WHERE published < revision LIMIT 20", "a partial index of what is pending"),
];

/// What is wrong with the steps of `EXPLAIN QUERY PLAN`, if anything.
pub(crate) fn problem(sql: &str, steps: &[&str]) -> Option<String> {
    if EXCUSED.iter().any(|(excused, _)| sql == *excused) {
        return None;
    }
    steps.iter().find_map(|step| {
        // Rows that stand in the statement itself are no table's.
        let own = ["CONSTANT ROW", "CONSTANT ROWS", "VALUES CLAUSE"].iter().any(|end| step.ends_with(end));
        let scans = step.starts_with("SCAN ") && !step.contains("VIRTUAL TABLE") && !own;
        // From a cursor on through everybody's rows, to filter out most of them.
        let wanders = step.ends_with("(id>?)") || step.ends_with("(id<?)");
        let sorts = step.contains("USE TEMP B-TREE FOR ORDER BY");
        (scans || wanders || sorts).then(|| (*step).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_wandering_and_sorting_are_refused_and_searches_are_not() {
        for bad in ["SCAN runners", "SEARCH w USING INDEX auto_1 (id>?)", "USE TEMP B-TREE FOR ORDER BY"] {
            assert_eq!(problem("SELECT 1", &[bad]), Some(bad.to_owned()));
        }
        for good in [
            "SEARCH m USING INDEX by_workspace (workspace_id=? AND id>?)",
            "SCAN CONSTANT ROW",
            "SCAN 9 CONSTANT ROWS",
            "SCAN 0-ROW VALUES CLAUSE",
        ] {
            assert_eq!(problem("SELECT 1", &[good]), None);
        }
    }

    #[test]
    fn an_excuse_is_for_one_statement() {
        let (excused, _) = EXCUSED[0];
        assert_eq!(problem(excused, &["SCAN users"]), None);
        assert!(problem("SELECT * FROM users", &["SCAN users"]).is_some());
    }
}
