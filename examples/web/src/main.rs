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
//! | `GET /burn?ms=N` | `ok` after N milliseconds of a processor's work |
//! | `GET /answer?status=N&NAME=VALUE…` | N, 200 if absent, with these header fields; the body counts the answers |
//! | `GET /echo`, a WebSocket | every message back |
//! | `GET /health` | 200, or 503 while it is ill |
//! | `POST /ill`, `POST /well` | makes this replica ill, or well again |
//! | `POST /exit?code=N` | ends this replica |
//! | `POST /say?name=NAME` | `ok`; the value of this variable is a line of the log |
//!
//! `PORT` says where to listen (8080), `START_MS` how long to wait before that. With `CRASH` set it ends at once: for
//! want of memory if it is `memory`, by a signal if it is `signal`, and else with exit code 3. With `STUBBORN` set it takes
//! no notice of being told to stop.
//!
//! With words, other than flags, it is a tool for who looks into a replica, which has no shell: see [`tool`].

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a container's log is its output")]

mod http;
mod tool;

use std::env;
use std::io::{self, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use http::{Body, Request};
use tungstenite::{WebSocket, handshake::derive_accept_key, protocol::Role};

/// Requests being answered. A stop waits for them.
static IN_FLIGHT: AtomicUsize = AtomicUsize::new(0);
/// Whether this replica says that it is well.
static WELL: AtomicBool = AtomicBool::new(true);
/// How often `/answer` was asked.
static ANSWERS: AtomicUsize = AtomicUsize::new(0);
/// How long a stop waits.
const DRAIN: Duration = Duration::from_secs(5);
/// The piece in which `/stream` writes.
const PIECE: usize = 251 * 261;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    if words.first().is_some_and(|word| !word.starts_with("--")) {
        return tool::run(&words);
    }
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
    // As process 1 of a container nothing stops us unless we listen to the signal.
    if env::var_os("STUBBORN").is_none() {
        ctrlc::set_handler(stop).map_err(io::Error::other)?;
    }
    let wait = env::var("START_MS").ok().and_then(|ms| ms.parse().ok()).unwrap_or(0);
    thread::sleep(Duration::from_millis(wait));
    let listener = TcpListener::bind(("0.0.0.0", port))?;
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
        if request.path() == "/echo" && request.header("upgrade").is_some() {
            return echo(&request, output);
        }
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

/// Answers every message with itself until the other side closes (RFC 6455).
fn echo(request: &Request, mut output: TcpStream) -> io::Result<()> {
    let accept = derive_accept_key(request.header("sec-websocket-key").unwrap_or_default().as_bytes());
    let protocol = request.header("sec-websocket-protocol").and_then(|all| all.split(',').next());
    let protocol =
        protocol.map_or_else(String::new, |first| format!("sec-websocket-protocol: {}\r\n", first.trim()));
    write!(
        output,
        "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {accept}\r\n{protocol}\r\n"
    )?;
    let mut socket = WebSocket::from_raw_socket(output, Role::Server, None);
    loop {
        // An error is a socket that was closed, well or not.
        let message = socket.read().map_err(io::Error::other)?;
        if message.is_text() || message.is_binary() {
            socket.send(message).map_err(io::Error::other)?;
        }
    }
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
        (_, "/answer") => {
            let count = ANSWERS.fetch_add(1, Ordering::Relaxed) + 1;
            http::custom(output, request, &format!("{count}\n"))
        }
        (_, "/slow") => {
            thread::sleep(Duration::from_millis(request.number("ms")));
            http::text(output, request, 200, "ok\n")
        }
        (_, "/burn") => {
            let end = Instant::now() + Duration::from_millis(request.number("ms"));
            while Instant::now() < end {
                std::hint::spin_loop();
            }
            http::text(output, request, 200, "ok\n")
        }
        (_, "/health") if WELL.load(Ordering::Relaxed) => http::text(output, request, 200, "well\n"),
        (_, "/health") => http::text(output, request, 503, "ill\n"),
        ("POST", "/ill" | "/well") => {
            WELL.store(request.path() == "/well", Ordering::Relaxed);
            http::text(output, request, 200, &greeting())
        }
        ("POST", "/exit") => std::process::exit(i32::try_from(request.number("code")).unwrap_or(1)),
        ("POST", "/say") => {
            let name = request.pairs().find_map(|(key, name)| (key == "name").then_some(name));
            println!("{}", name.and_then(|name| env::var(name).ok()).unwrap_or_default());
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
