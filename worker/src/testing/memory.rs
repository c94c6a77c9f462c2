//! A map in place of KV.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use worker::kv::KvError;

/// What KV holds; clones are of the same.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    values: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    /// How many more calls fail.
    failing: Rc<Cell<usize>>,
}

impl Memory {
    /// Another KV with the same in it.
    pub(crate) fn copy(&self) -> Self {
        Self { values: Rc::new(RefCell::new(self.values())), failing: Rc::default() }
    }

    /// The next calls fail.
    pub(crate) fn fail(&self, times: usize) {
        self.failing.set(times);
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.values.borrow().contains_key(key)
    }

    /// The value of a key that holds text.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.values.borrow().get(key).map(|value| String::from_utf8(value.clone()).unwrap())
    }

    /// Everything, at this moment.
    pub(crate) fn values(&self) -> BTreeMap<String, Vec<u8>> {
        self.values.borrow().clone()
    }

    /// Loses what begins with this.
    pub(crate) fn lose(&self, prefix: &str) {
        self.values.borrow_mut().retain(|key, _| !key.starts_with(prefix));
    }

    pub(crate) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.called()?;
        Ok(self.values.borrow().get(key).cloned())
    }

    pub(crate) fn put(&self, key: &str, value: &[u8]) -> Result<(), KvError> {
        self.called()?;
        self.values.borrow_mut().insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    pub(crate) fn delete(&self, key: &str) -> Result<(), KvError> {
        self.called()?;
        self.values.borrow_mut().remove(key);
        Ok(())
    }

    fn called(&self) -> Result<(), KvError> {
        match self.failing.get().checked_sub(1) {
            Some(left) => {
                self.failing.set(left);
                Err(KvError::InvalidKvStore("scripted".to_owned()))
            }
            None => Ok(()),
        }
    }
}
