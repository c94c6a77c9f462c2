//! What to type for the same on the command line.

/// `patr` with these words, quoted as a shell (POSIX, 2.2) wants them.
pub fn patr(words: &[&str]) -> String {
    let mut line = "patr".to_owned();
    for word in words {
        line.push(' ');
        line.push_str(&quoted(word));
    }
    line
}

/// The same, about a workspace.
pub fn patr_in(workspace: &str, words: &[&str]) -> String {
    patr(&[words, &["--workspace", workspace]].concat())
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stand_as_they_are() {
        let line = patr_in("acme", &["deployment", "scale", "web", "3"]);
        assert_eq!(line, "patr deployment scale web 3 --workspace acme");
    }

    #[test]
    fn nothing_in_a_word_is_read_by_a_shell() {
        assert_eq!(
            patr(&["logs", "web", "--search", "$(reboot) it's"]),
            r"patr logs web --search '$(reboot) it'\''s'"
        );
        assert_eq!(patr(&[""]), "patr ''");
    }
}
