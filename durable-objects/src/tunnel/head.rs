//! The head of an answer, collected from the first bytes of an http stream.

use std::borrow::Cow;

use bytes::{Buf, Bytes, BytesMut};
use patr_models::wire::{HEAD_MAX, ResponseHead};

/// A field's value as the platform takes it, which writes text as UTF-8. On the wire it is bytes, one character each:
/// those that are UTF-8 arrive as they were, others as the UTF-8 of their Latin-1.
pub fn text(value: &str) -> Cow<'_, str> {
    if value.is_ascii() {
        return value.into();
    }
    let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map_or_else(|| value.into(), Cow::Owned)
}

/// A head that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    #[error("is longer than {HEAD_MAX} bytes")]
    TooLong,
    #[error("cannot be read")]
    Malformed,
}

/// Collects bytes until the head is whole.
#[derive(Debug, Default)]
pub struct HeadReader {
    collected: BytesMut,
}

impl HeadReader {
    /// Takes more bytes; answers with the head and the first bytes of the body once it is whole.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<(ResponseHead, Bytes)>, HeadError> {
        self.collected.extend_from_slice(bytes);
        let Some(&length) = self.collected.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(length) as usize;
        if length > HEAD_MAX {
            return Err(HeadError::TooLong);
        }
        if self.collected.len() < 4 + length {
            return Ok(None);
        }
        let mut all = std::mem::take(&mut self.collected).freeze();
        all.advance(4);
        let head = serde_json::from_slice(&all.split_to(length)).map_err(|_| HeadError::Malformed)?;
        Ok(Some((head, all)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &[u8]) -> Vec<u8> {
        let head = ResponseHead { status: 200, headers: vec![("a".to_owned(), "b".to_owned())] };
        let json = serde_json::to_vec(&head).unwrap();
        let mut bytes = u32::try_from(json.len()).unwrap().to_be_bytes().to_vec();
        bytes.extend(json);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn a_value_of_utf_8_is_the_text_that_it_was_and_another_one_is_latin_1() {
        let on_the_wire: String = "café €".bytes().map(char::from).collect();
        assert_eq!(text(&on_the_wire), "café €");
        assert_eq!(text("caf\u{e9}"), "caf\u{e9}");
        assert_eq!(text("plain"), "plain");
    }

    #[test]
    fn a_head_that_arrives_byte_by_byte_is_found() {
        let mut reader = HeadReader::default();
        let all = message(b"");
        let (last, first) = all.split_last().unwrap();
        for byte in first {
            assert_eq!(reader.push(&[*byte]), Ok(None));
        }
        let (head, rest) = reader.push(&[*last]).unwrap().unwrap();
        assert_eq!((head.status, rest.len()), (200, 0));
    }

    #[test]
    fn what_follows_the_head_is_the_beginning_of_the_body() {
        let (_, rest) = HeadReader::default().push(&message(b"body")).unwrap().unwrap();
        assert_eq!(&rest[..], b"body");
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_it_is_collected() {
        assert_eq!(HeadReader::default().push(&u32::MAX.to_be_bytes()), Err(HeadError::TooLong));
    }
}
