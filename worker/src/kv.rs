//! KV, as far as we use it: whole values of bytes.

use js_sys::{ArrayBuffer, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::{
    kv::{KvError, KvStore},
    wasm_bindgen_futures::JsFuture,
    web_sys::ReadableStream,
};

/// How long KV may answer from a cache of its own what never changes, in seconds.
const IMMUTABLE: u64 = 86_400;

#[wasm_bindgen]
extern "C" {
    /// The binding itself. [`KvStore`] copies each value into the memory of the program, and starts reading only when
    /// it is waited for.
    #[derive(Clone)]
    pub(crate) type Namespace;

    #[wasm_bindgen(method, catch)]
    fn get(this: &Namespace, key: &str, options: &JsValue) -> Result<Promise, JsValue>;
}

/// Where routing tables, manifests and packs are.
#[derive(Clone)]
pub(crate) enum Kv {
    Bound(KvStore, Namespace),
    #[cfg(test)]
    Memory(crate::testing::Memory),
}

impl Kv {
    /// The value of a key that may change.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        match self {
            Self::Bound(store, _) => store.get(key).bytes().await,
            #[cfg(test)]
            Self::Memory(memory) => Ok(memory.borrow().get(key).cloned()),
        }
    }

    /// The value of a key that names its content.
    pub(crate) async fn get_immutable(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        match self {
            Self::Bound(store, _) => store.get(key).cache_ttl(IMMUTABLE).bytes().await,
            #[cfg(test)]
            Self::Memory(_) => self.get(key).await,
        }
    }

    /// The value of a key that names its content, left on the platform's side.
    pub(crate) async fn get_buffer(&self, key: &str) -> Result<Option<Uint8Array>, KvError> {
        let value = JsFuture::from(self.reading(key, "arrayBuffer")?).await?;
        Ok(value.dyn_into::<ArrayBuffer>().ok().map(|buffer| Uint8Array::new(&buffer)))
    }

    /// Begins to read the value of a key that names its content, as a stream.
    pub(crate) fn get_stream(&self, key: &str) -> Result<Reading, KvError> {
        self.reading(key, "stream").map(|promise| Reading(promise.into()))
    }

    fn reading(&self, key: &str, kind: &str) -> Result<Promise, KvError> {
        match self {
            Self::Bound(_, namespace) => {
                let options = js_sys::Object::new();
                Reflect::set(&options, &"type".into(), &kind.into())?;
                Reflect::set(&options, &"cacheTtl".into(), &JsValue::from_f64(IMMUTABLE as f64))?;
                Ok(namespace.get(key, &options)?)
            }
            #[cfg(test)]
            Self::Memory(_) => Err(KvError::InvalidKvStore("memory has no platform's side".to_owned())),
        }
    }

    pub(crate) async fn put(&self, key: &str, value: &[u8]) -> Result<(), KvError> {
        match self {
            Self::Bound(store, _) => store.put_bytes(key, value)?.execute().await,
            #[cfg(test)]
            Self::Memory(memory) => {
                memory.borrow_mut().insert(key.to_owned(), value.to_vec());
                Ok(())
            }
        }
    }

    pub(crate) async fn delete(&self, key: &str) -> Result<(), KvError> {
        match self {
            Self::Bound(store, _) => store.delete(key).await,
            #[cfg(test)]
            Self::Memory(memory) => {
                memory.borrow_mut().remove(key);
                Ok(())
            }
        }
    }
}

/// A value that is on its way.
pub(crate) struct Reading(JsFuture);

impl Reading {
    /// The value, if there is one.
    pub(crate) async fn stream(self) -> Result<Option<ReadableStream>, KvError> {
        Ok(self.0.await?.dyn_into::<ReadableStream>().ok())
    }
}
