//! Servers that are not ours, as a test wants them.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

/// Documents by their address; clones are of the same.
#[derive(Clone, Default)]
pub(crate) struct FakeOutside {
    documents: Rc<RefCell<BTreeMap<String, String>>>,
    asked: Rc<Cell<usize>>,
}

impl FakeOutside {
    pub(crate) fn publishes(&self, url: &str, document: &serde_json::Value) {
        self.documents.borrow_mut().insert(url.to_owned(), document.to_string());
    }

    /// Others with the same.
    pub(super) fn copy(&self) -> Self {
        Self { documents: Rc::new((*self.documents).clone()), asked: Rc::default() }
    }

    /// Nothing is there any more.
    pub(crate) fn goes_away(&self) {
        self.documents.borrow_mut().clear();
    }

    /// How often something was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.get()
    }

    pub(crate) fn document(&self, url: &str) -> Result<Vec<u8>, String> {
        self.asked.set(self.asked.get() + 1);
        let found = self.documents.borrow().get(url).cloned();
        found.map(String::into_bytes).ok_or_else(|| "answers 404".to_owned())
    }
}
