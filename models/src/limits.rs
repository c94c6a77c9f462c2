//! Every bound that more than one part of Patr has to agree on, with its reason.

/// Largest JSON body of a request, in bytes. A specification with 64 KiB of environment fits four times over;
/// parsing more than this would show in a Worker's CPU limit.
pub const JSON_BODY_MAX: usize = 256 * 1024;

/// Largest pack or chunk of a large file, in bytes. A KV value may have 25 MiB; half of that keeps a
/// handful of them in flight within an isolate's 128 MB.
pub const PACK_MAX: usize = 12 * 1024 * 1024;

/// Largest manifest of a site, in bytes. A KV value may have 25 MiB; 100,000 files with their codings take 20 to 25 MB,
/// and an isolate holds one manifest of that size beside everything else.
pub const MANIFEST_MAX: usize = 24 * 1024 * 1024;

/// The size that the CLI aims at for packs of small files, in bytes: few KV writes, and a cold request still
/// reads little more than it serves.
pub const PACK_TARGET: usize = 1024 * 1024;

/// The size of the chunks of a file that does not fit a pack of its own, in bytes.
pub const CHUNK: usize = 4 * 1024 * 1024;

/// Replicas of one deployment on one runner.
pub const REPLICAS_MAX: u32 = 100;

/// Ports of one deployment.
pub const PORTS_MAX: usize = 16;

/// Environment variables of one deployment.
pub const ENV_MAX: usize = 256;

/// Names and values of all environment variables of one deployment together, in bytes. Linux allows 128 KiB
/// for one string of the environment; this keeps a snapshot of many deployments small.
pub const ENV_BYTES_MAX: usize = 64 * 1024;

/// Lanes of a runner: tunnel objects that its public traffic is spread over.
pub const TUNNEL_LANES: u8 = 2;
