//! Which entries match what was typed.

/// Whether every word that was typed is in the text, whatever its case.
pub fn matches(typed: &str, text: &str) -> bool {
    let text = text.to_lowercase();
    typed.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn words_match_in_any_order_and_case_and_nothing_matches_everything() {
        assert!(matches("web DEP", "Deployment web") && matches("", "anything"));
        assert!(!matches("web2", "Deployment web"));
    }
}
