//! Files that somebody drops or chooses, and what is in them.

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, DragEvent, File, FileSystemDirectoryEntry, FileSystemEntry, FileSystemFileEntry, HtmlInputElement,
    ReadableWritablePair, Response,
};

/// A file with its path.
pub(crate) type Found = (String, File);

/// What was dropped. To be asked while the event is handled: afterwards the browser does not say any more.
pub(crate) fn dropped(event: &DragEvent) -> Vec<FileSystemEntry> {
    let Some(items) = event.data_transfer().map(|data| data.items()) else { return Vec::new() };
    let entries = (0..items.length()).filter_map(|at| items.get(at)?.webkit_get_as_entry().ok().flatten());
    entries.collect()
}

/// The files of what was dropped, in whatever folders.
pub(crate) async fn walk(mut entries: Vec<FileSystemEntry>) -> Result<Vec<Found>, JsValue> {
    let mut found = Vec::new();
    while let Some(entry) = entries.pop() {
        // Not by its class: browsers call that by different names.
        if entry.is_directory() {
            entries.extend(inside(entry.unchecked_ref()).await?);
        } else {
            let file = file_of(entry.unchecked_ref()).await?;
            found.push((entry.full_path().trim_start_matches('/').to_owned(), file));
        }
    }
    Ok(found)
}

async fn file_of(entry: &FileSystemFileEntry) -> Result<File, JsValue> {
    let file = called(|resolve, reject| entry.file_with_callback_and_callback(resolve, reject)).await?;
    file.dyn_into()
}

/// A browser hands out a hundred at a time, and none in the end.
async fn inside(folder: &FileSystemDirectoryEntry) -> Result<Vec<FileSystemEntry>, JsValue> {
    let reader = folder.create_reader();
    let mut all = Vec::new();
    loop {
        let some = called(|resolve, reject| {
            // What is wrong is said to `reject`.
            let _ = reader.read_entries_with_callback_and_callback(resolve, reject);
        });
        let some: Array = some.await?.dyn_into()?;
        if some.length() == 0 {
            return Ok(all);
        }
        all.extend(some.iter().map(JsValue::unchecked_into::<FileSystemEntry>));
    }
}

async fn called(with: impl Fn(&Function, &Function)) -> Result<JsValue, JsValue> {
    JsFuture::from(Promise::new(&mut |resolve, reject| with(&resolve, &reject))).await
}

/// What was chosen in a field.
pub(crate) fn picked(input: &HtmlInputElement) -> Vec<Found> {
    let Some(files) = input.files() else { return Vec::new() };
    let found = (0..files.length()).filter_map(|at| files.get(at)).map(|file| {
        let path = Reflect::get(&file, &"webkitRelativePath".into()).ok().and_then(|path| path.as_string());
        (path.filter(|path| !path.is_empty()).unwrap_or_else(|| file.name()), file)
    });
    found.collect()
}

/// Bytes of a file.
pub(crate) async fn read(file: &File, from: u64, to: u64) -> Result<Vec<u8>, JsValue> {
    let part = file.slice_with_f64_and_f64(from as f64, to as f64)?;
    let buffer = JsFuture::from(part.array_buffer()).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// All of a file, as gzip codes it; `None` where the browser has no coder.
pub(crate) async fn gzip(file: &Blob) -> Result<Option<Vec<u8>>, JsValue> {
    let Ok(coder) = Reflect::get(&window(), &"CompressionStream".into())?.dyn_into::<Function>() else {
        return Ok(None);
    };
    let coder = Reflect::construct(&coder, &Array::of1(&"gzip".into()))?;
    let coded = file.stream().pipe_through(coder.unchecked_ref::<ReadableWritablePair>());
    let whole = Response::new_with_opt_readable_stream(Some(&coded))?.array_buffer()?;
    Ok(Some(Uint8Array::new(&JsFuture::from(whole).await?).to_vec()))
}
