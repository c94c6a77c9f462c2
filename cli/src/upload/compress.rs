//! Content codings, made once at upload so that no request waits for them.

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
};

use patr_folder::{Hash, coding::is_worth_it};
use patr_models::site::manifest::Coding;
use sha2::{Digest, Sha256};

/// How hard to try. The best brotli takes a second or more for each megabyte, a good one a thirtieth of that for an
/// eighth more bytes: much content at once must not take minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    Best,
    Good,
}

/// Up to so many bytes in one upload are coded as well as can be.
const BEST_MAX: u64 = 2 * 1024 * 1024;
/// The longest file of which that is true: only one core works on it.
const BEST_FILE_MAX: u64 = 512 * 1024;
/// What a file counts at least: the coder's tables cost as much as that to fill.
const COUNTS_MIN: u64 = 8 * 1024;

impl Effort {
    /// For an upload with files of these sizes to code.
    pub(crate) fn for_sizes(sizes: impl Iterator<Item = u64>) -> Self {
        let total: u64 = sizes.map(|size| size.max(COUNTS_MIN)).sum();
        if total <= BEST_MAX { Self::Best } else { Self::Good }
    }

    fn brotli(self, size: u64) -> i32 {
        if self == Self::Best && size <= BEST_FILE_MAX { 11 } else { 6 }
    }

    fn gzip(self) -> flate2::Compression {
        flate2::Compression::new(if self == Self::Good { 6 } else { 9 })
    }
}

/// Codes bytes; `None` when that does not save enough.
pub(crate) fn code(bytes: &[u8], coding: Coding, effort: Effort) -> io::Result<Option<Vec<u8>>> {
    let size = bytes.len() as u64;
    let mut coded = Vec::with_capacity(bytes.len() / 4);
    copy(&mut &bytes[..], size, coding, effort, &mut coded)?;
    Ok(is_worth_it(size, coded.len() as u64).then_some(coded))
}

/// A coding of a large file, in a temporary file that goes when it is closed.
pub(crate) struct Spooled {
    pub(crate) file: File,
    pub(crate) size: u64,
    pub(crate) hash: Hash,
}

/// Codes a file without holding it; answers the hash of what was read too.
pub(crate) fn code_large(
    input: File,
    size: u64,
    coding: Coding,
    effort: Effort,
) -> io::Result<(Hash, Option<Spooled>)> {
    let mut input = Hashing { inner: input.take(size), hasher: Sha256::new(), count: 0 };
    let mut output = Hashing { inner: tempfile::tempfile()?, hasher: Sha256::new(), count: 0 };
    copy(&mut input, size, coding, effort, &mut output)?;
    output.inner.rewind()?;
    let spooled = Spooled { file: output.inner, size: output.count, hash: output.hasher.finalize().into() };
    let worth_it = is_worth_it(size, spooled.size);
    Ok((input.hasher.finalize().into(), worth_it.then_some(spooled)))
}

fn copy(
    input: &mut impl Read,
    size: u64,
    coding: Coding,
    effort: Effort,
    output: &mut impl Write,
) -> io::Result<()> {
    match coding {
        Coding::Identity => io::copy(input, output).map(drop),
        Coding::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(output, effort.gzip());
            io::copy(input, &mut encoder)?;
            encoder.finish().map(drop)
        }
        Coding::Brotli => {
            let params = brotli::enc::BrotliEncoderParams {
                quality: effort.brotli(size),
                lgwin: window(size),
                size_hint: usize::try_from(size).unwrap_or(usize::MAX),
                ..Default::default()
            };
            brotli::BrotliCompress(input, output, &params).map(drop)
        }
    }
}

/// The binary logarithm of brotli's window: as large as the content, but no more than 1 MiB, which keeps the coder's
/// memory small; and no less than 128 KiB, below which this coder takes a hash table that is ten times slower.
fn window(size: u64) -> i32 {
    (17..20).find(|bits| size <= 1 << bits).unwrap_or(20)
}

/// Hashes and counts what passes.
struct Hashing<T> {
    inner: T,
    hasher: Sha256,
    count: u64,
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.count += count as u64;
        Ok(count)
    }
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(coded: &[u8], coding: Coding) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut decoder: Box<dyn Read> = match coding {
            Coding::Identity => Box::new(coded),
            Coding::Gzip => Box::new(flate2::read::GzDecoder::new(coded)),
            Coding::Brotli => Box::new(brotli::Decompressor::new(coded, 4096)),
        };
        decoder.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_coded_comes_back_and_is_the_same_each_time() {
        let text: String = (0..5_000).map(|line| format!("<p>line {line}</p>\n")).collect();
        for coding in [Coding::Gzip, Coding::Brotli] {
            for effort in [Effort::Best, Effort::Good] {
                let coded = code(text.as_bytes(), coding, effort).unwrap().unwrap();
                assert!(coded.len() * 4 < text.len(), "{coding:?} {effort:?}");
                assert!(decoded(&coded, coding) == text.as_bytes(), "{coding:?} {effort:?}");
                assert!(code(text.as_bytes(), coding, effort).unwrap().unwrap() == coded);
            }
        }
    }

    #[test]
    fn a_large_file_is_coded_as_its_bytes_are() {
        let text: String = (0..50_000).map(|line| format!("line {line}\n")).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.rewind().unwrap();
        let (read, spooled) = code_large(file, text.len() as u64, Coding::Brotli, Effort::Good).unwrap();
        assert_eq!(read, <Hash>::from(Sha256::digest(&text)));
        let mut spooled = spooled.unwrap();
        let mut coded = Vec::new();
        spooled.file.read_to_end(&mut coded).unwrap();
        assert_eq!((spooled.size, spooled.hash), (coded.len() as u64, Sha256::digest(&coded).into()));
        assert!(decoded(&coded, Coding::Brotli) == text.as_bytes());
    }

    #[test]
    fn what_does_not_become_clearly_smaller_is_not_kept() {
        let noise: Vec<u8> = (0..64_u32).flat_map(|at| Sha256::digest(at.to_le_bytes())).collect();
        assert!(code(&noise, Coding::Brotli, Effort::Best).unwrap().is_none());
    }
}
