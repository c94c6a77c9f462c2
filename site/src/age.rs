//! Since when what is shown has been known, where it may not be so any more.

use std::{collections::BTreeMap, time::Duration};

use patr_models::time::Millis;

use crate::format::OLD;

/// How long an answer may take before it matters how old the one before is: a tab that is looked at after a while asks first.
const SOON: Duration = Duration::from_secs(1);

/// The answers on the screen, each by a number of its own.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    next: u64,
    all: BTreeMap<u64, Answer>,
}

#[derive(Debug, Clone)]
struct Answer {
    /// When it was last known to be so.
    at: Millis,
    /// Since when it is asked for in vain.
    asked: Option<Millis>,
}

impl Answers {
    /// Something is going to be shown. Until it is known, it is as old as the wish for it.
    pub fn add(&mut self, now: Millis) -> u64 {
        self.next += 1;
        self.all.insert(self.next, Answer { at: now, asked: None });
        self.next
    }

    /// It is not shown any more.
    pub fn remove(&mut self, number: u64) {
        self.all.remove(&number);
    }

    /// It is asked for, because it may be another from now on. Where changes are told, none was until `told`.
    pub fn ask(&mut self, number: u64, now: Millis, told: Option<Millis>) {
        let Some(answer) = self.all.get_mut(&number).filter(|answer| answer.asked.is_none()) else { return };
        answer.at = told.unwrap_or(answer.at);
        answer.asked = Some(now);
    }

    /// It has come, and is of the moment when it was asked for.
    pub fn know(&mut self, number: u64, at: Millis) {
        if let Some(answer) = self.all.get_mut(&number) {
            *answer = Answer { at, asked: None };
        }
    }

    /// Had anything changed until then, it would have been told: all but what is asked for is as it was.
    pub fn confirm(&mut self, told: Millis) {
        self.all.values_mut().filter(|answer| answer.asked.is_none()).for_each(|answer| answer.at = told);
    }

    /// Whether something is asked for.
    pub fn is_asking(&self) -> bool {
        self.all.values().any(|answer| answer.asked.is_some())
    }

    /// When the oldest of what is asked for in vain was known, if that is long ago.
    pub fn old_since(&self, now: Millis) -> Option<Millis> {
        let is_in_vain = |answer: &&Answer| answer.asked.is_some_and(|asked| now.since(asked) > SOON);
        let oldest = self.all.values().filter(is_in_vain).map(|answer| answer.at).min();
        oldest.filter(|&at| now.since(at) > OLD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(u64) -> Millis = |seconds| Millis(seconds * 1000);

    /// An answer of the first second.
    fn known(answers: &mut Answers) -> u64 {
        let number = answers.add(AT(0));
        answers.ask(number, AT(1), None);
        answers.know(number, AT(1));
        number
    }

    #[test]
    fn what_is_asked_for_in_vain_is_old_after_a_while_whatever_else_is_answered() {
        let mut answers = Answers::default();
        let (one, other) = (known(&mut answers), known(&mut answers));
        for seconds in [4, 7, 10] {
            answers.ask(one, AT(seconds), None);
            answers.ask(other, AT(seconds), None);
            answers.know(other, AT(seconds));
        }
        assert!(answers.is_asking());
        assert_eq!((answers.old_since(AT(11)), answers.old_since(AT(12))), (None, Some(AT(1))));
        answers.know(one, AT(13));
        assert_eq!((answers.is_asking(), answers.old_since(AT(13))), (false, None));
    }

    #[test]
    fn what_nobody_asked_for_a_while_is_asked_for_first() {
        let mut answers = Answers::default();
        let number = known(&mut answers);
        assert_eq!(answers.old_since(AT(600)), None);
        answers.ask(number, AT(600), None);
        assert_eq!((answers.old_since(AT(601)), answers.old_since(AT(602))), (None, Some(AT(1))));
    }

    #[test]
    fn what_is_told_to_be_another_was_as_it_is_shown_until_then() {
        let mut answers = Answers::default();
        let number = known(&mut answers);
        answers.ask(number, AT(60), Some(AT(59)));
        // It is asked for again, and what is heard meanwhile says nothing about it.
        answers.ask(number, AT(65), Some(AT(65)));
        answers.confirm(AT(66));
        assert_eq!((answers.old_since(AT(69)), answers.old_since(AT(70))), (None, Some(AT(59))));
    }

    #[test]
    fn what_was_told_until_now_is_as_old_as_the_last_word() {
        let mut answers = Answers::default();
        let number = known(&mut answers);
        answers.confirm(AT(60));
        answers.ask(number, AT(62), None);
        assert_eq!((answers.old_since(AT(70)), answers.old_since(AT(71))), (None, Some(AT(60))));
    }

    #[test]
    fn what_is_gone_from_the_screen_does_not_count() {
        let mut answers = Answers::default();
        let gone = known(&mut answers);
        answers.ask(gone, AT(2), None);
        answers.remove(gone);
        answers.know(gone, AT(2));
        assert_eq!((answers.is_asking(), answers.old_since(AT(60))), (false, None));
    }
}
