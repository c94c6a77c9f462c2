//! A server to deploy and to test with. It has what the other side of a proxy has to get right: bodies of both
//! framings, streams, slow answers, keep-alive, a clean stop and a way to fail.
//!
//! | request | answer |
//! |---|---|
//! | `GET /` | the host's name and the value of `RELEASE` |
//! | `GET /headers` | the request as it arrived, as text |
//! | `GET /stream?bytes=N` | N bytes, chunked |
//! | `POST /upload` | how many bytes the body had |
//! | `GET /slow?ms=N` | `ok` after N milliseconds |
//!
//! `PORT` says where to listen (8080). With `CRASH` set it ends at once: for want of memory if it is `memory`, by a
//! signal if it is `signal`, and else with exit code 3.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a container's log is its output")]

mod http;

use std::env;
use std::io::{self, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use http::{Body, Request};

/// Requests being answered. A stop waits for them.
static IN_FLIGHT: AtomicUsize = AtomicUsize::new(0);
/// How long a stop waits.
const DRAIN: Duration = Duration::from_secs(5);
/// The piece in which `/stream` writes.
const PIECE: usize = 251 * 261;

fn main() -> ExitCode {
    if let Ok(how) = env::var("CRASH") {
        return crash(&how);
    }
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn crash(how: &str) -> ExitCode {
    match how {
        "memory" => {
            eprintln!("CRASH is set: taking all memory there is");
            let mut hog = Vec::new();
            loop {
                hog.push(vec![1u8; 1 << 20]);
            }
        }
        "signal" => std::process::abort(),
        _ => {
            eprintln!("CRASH is set: exiting with code 3");
            ExitCode::from(3)
        }
    }
}

fn serve() -> io::Result<()> {
    let port = env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080u16);
    let listener = TcpListener::bind(("0.0.0.0", port))?;
    // As process 1 of a container nothing stops us unless we listen to the signal.
    ctrlc::set_handler(stop).map_err(io::Error::other)?;
    println!("listening on port {port}");
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || {
            // The other side went away: nobody is left to tell.
            let _ = connection(stream);
        });
    }
    Ok(())
}

fn stop() {
    println!("stopping");
    let deadline = Instant::now() + DRAIN;
    while IN_FLIGHT.load(Ordering::Relaxed) > 0 && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    std::process::exit(0);
}

fn connection(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut output = stream.try_clone()?;
    let mut input = BufReader::with_capacity(PIECE, stream);
    while let Some(request) = Request::read(&mut input)? {
        IN_FLIGHT.fetch_add(1, Ordering::Relaxed);
        let result = exchange(&request, &mut input, &mut output);
        IN_FLIGHT.fetch_sub(1, Ordering::Relaxed);
        result?;
        if request.is_last() {
            break;
        }
    }
    Ok(())
}

/// One request: read its body, answer.
fn exchange(request: &Request, input: &mut BufReader<TcpStream>, output: &mut TcpStream) -> io::Result<()> {
    if request.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
        output.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let received = Body::of(request)?.count(input)?;
    match (request.method.as_str(), request.path()) {
        ("GET" | "HEAD", "/") => http::text(output, request, 200, &greeting()),
        (_, "/headers") => http::text(output, request, 200, &request.to_string()),
        ("GET", "/stream") => stream(request.number("bytes"), output),
        ("POST" | "PUT", "/upload") => http::text(output, request, 200, &format!("{received}\n")),
        (_, "/slow") => {
            thread::sleep(Duration::from_millis(request.number("ms")));
            http::text(output, request, 200, "ok\n")
        }
        _ => http::text(output, request, 404, "not here\n"),
    }
}

fn greeting() -> String {
    let host = env::var("HOSTNAME").unwrap_or_else(|_| "nowhere".to_owned());
    let release = env::var("RELEASE").unwrap_or_else(|_| "unknown".to_owned());
    format!("hello from {host}\nrelease {release}\n")
}

fn stream(bytes: u64, output: &mut TcpStream) -> io::Result<()> {
    output.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n",
    )?;
    // Byte i is i % 251, so that a reader can tell what is missing or out of place.
    let piece: Vec<u8> = (0..=250).cycle().take(PIECE).collect();
    let mut left = bytes;
    while left > 0 {
        let now = left.min(PIECE as u64);
        let end = usize::try_from(now).unwrap_or(PIECE);
        output.write_all(format!("{now:x}\r\n").as_bytes())?;
        output.write_all(piece.get(..end).unwrap_or(&piece))?;
        output.write_all(b"\r\n")?;
        left -= now;
    }
    output.write_all(b"0\r\n\r\n")
}
