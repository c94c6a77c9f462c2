//! As much of HTTP/1.1 as a server behind a proxy needs.

use std::fmt;
use std::io::{self, BufRead, ErrorKind, Read, Write};

/// The longest request head, in bytes.
const MAX_HEAD: u64 = 64 * 1024;

/// The head of a request.
pub(crate) struct Request {
    pub(crate) method: String,
    target: String,
    version: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// The next request, or `None` when the other side closed between two.
    ///
    /// # Errors
    /// The connection broke, or this is not HTTP/1.
    pub(crate) fn read(input: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = input.take(MAX_HEAD);
        let Some(line) = read_line(&mut head)? else { return Ok(None) };
        let mut words = line.split(' ');
        let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next()) else {
            return Err(invalid("not a request line"));
        };
        let mut request = Self {
            method: method.to_owned(),
            target: target.to_owned(),
            version: version.to_owned(),
            headers: Vec::new(),
        };
        loop {
            let line = read_line(&mut head)?.ok_or_else(|| invalid("the head breaks off"))?;
            if line.is_empty() {
                return Ok(Some(request));
            }
            let (name, value) = line.split_once(':').ok_or_else(|| invalid("not a header"))?;
            request.headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A number of the query, 0 if it is not there.
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.pairs().find(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
    }

    /// The pairs of the query, as they were written.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter_map(|pair| pair.split_once('='))
    }

    /// Whether the connection ends after this request.
    pub(crate) fn is_last(&self) -> bool {
        let connection = self.header("connection").unwrap_or_default();
        connection.eq_ignore_ascii_case("close")
            || (self.version == "HTTP/1.0" && !connection.eq_ignore_ascii_case("keep-alive"))
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} {}", self.method, self.target, self.version)?;
        self.headers.iter().try_for_each(|(name, value)| writeln!(f, "{name}: {value}"))
    }
}

/// How the body of a request is framed.
#[derive(Debug, PartialEq)]
pub(crate) enum Body {
    Length(u64),
    Chunked,
}

impl Body {
    /// # Errors
    /// The length is not a number.
    pub(crate) fn of(request: &Request) -> io::Result<Self> {
        if request.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return Ok(Self::Chunked);
        }
        let length = request.header("content-length").unwrap_or("0");
        length.parse().map(Self::Length).map_err(|_| invalid("content-length is not a number"))
    }

    /// Reads the body to its end, keeping none of it, and says how long it was.
    ///
    /// # Errors
    /// It broke off, or a chunk is malformed.
    pub(crate) fn count(self, input: &mut impl BufRead) -> io::Result<u64> {
        match self {
            Self::Length(length) => skip(input, length),
            Self::Chunked => {
                let mut total = 0;
                loop {
                    let line = read_line(input)?.ok_or_else(|| invalid("the body breaks off"))?;
                    let digits = line.split(';').next().unwrap_or_default().trim();
                    let size = u64::from_str_radix(digits, 16).map_err(|_| invalid("not a chunk size"))?;
                    total += skip(input, size)?;
                    // The line end after a chunk; after the last one, trailers up to an empty line.
                    while read_line(input)?.is_some_and(|line| size == 0 && !line.is_empty()) {}
                    if size == 0 {
                        return Ok(total);
                    }
                }
            }
        }
    }
}

/// Answers with text, and without it to a HEAD.
///
/// # Errors
/// The connection broke.
pub(crate) fn text(output: &mut impl Write, request: &Request, status: u16, text: &str) -> io::Result<()> {
    let reason = match status {
        200 => "OK",
        503 => "Service Unavailable",
        _ => "Not Found",
    };
    let length = text.len();
    let mut answer = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n\r\n"
    );
    if request.method != "HEAD" {
        answer.push_str(text);
    }
    output.write_all(answer.as_bytes())
}

/// Answers as the query of a request says, and without the text to a HEAD.
///
/// # Errors
/// The connection broke.
pub(crate) fn custom(output: &mut impl Write, request: &Request, text: &str) -> io::Result<()> {
    let status = request.pairs().find(|(name, _)| *name == "status").map_or("200", |(_, status)| status);
    let mut answer = format!("HTTP/1.1 {status} As Asked\r\ncontent-length: {}\r\n", text.len());
    for (name, value) in request.pairs().filter(|(name, _)| *name != "status") {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    answer.push_str("\r\n");
    if request.method != "HEAD" {
        answer.push_str(text);
    }
    output.write_all(answer.as_bytes())
}

fn skip(input: &mut impl BufRead, bytes: u64) -> io::Result<u64> {
    let copied = io::copy(&mut input.take(bytes), &mut io::sink())?;
    if copied < bytes { Err(invalid("the body breaks off")) } else { Ok(copied) }
}

/// A line without its end, or `None` at the end of the input.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let line = line.strip_suffix('\n').ok_or_else(|| invalid("a line has no end"))?;
    Ok(Some(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Request, u64) {
        let mut input = text.as_bytes();
        let request = Request::read(&mut input).unwrap().unwrap();
        let count = Body::of(&request).unwrap().count(&mut input).unwrap();
        assert!(input.is_empty(), "left over: {input:?}");
        (request, count)
    }

    #[test]
    fn a_body_with_a_length_is_counted() {
        let (request, count) = read("POST /upload?ms=7&x=1 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello");
        assert_eq!((request.path(), request.number("ms"), count), ("/upload", 7, 5));
    }

    #[test]
    fn a_chunked_body_is_counted_with_extensions_and_trailers() {
        let head = "POST /upload HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        let (_, count) = read(&format!("{head}5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nt: 1\r\n\r\n"));
        assert_eq!(count, 15);
    }

    #[test]
    fn a_body_that_breaks_off_is_an_error() {
        assert!(Body::Length(6).count(&mut "hello".as_bytes()).is_err());
        assert!(Body::Chunked.count(&mut "5\r\nhel".as_bytes()).is_err());
    }

    #[test]
    fn an_answer_is_as_the_query_says() {
        let (request, _) = read("GET /answer?status=404&cache-control=max-age=9&vary=a,b HTTP/1.1\r\n\r\n");
        let mut answer = Vec::new();
        custom(&mut answer, &request, "1\n").unwrap();
        let expected =
            "HTTP/1.1 404 As Asked\r\ncontent-length: 2\r\ncache-control: max-age=9\r\nvary: a,b\r\n\r\n1\n";
        assert_eq!(String::from_utf8(answer).unwrap(), expected);
    }

    #[test]
    fn a_closed_connection_is_no_request() {
        assert!(Request::read(&mut "".as_bytes()).unwrap().is_none());
    }
}
