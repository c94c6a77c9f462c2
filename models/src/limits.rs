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

/// Runners of one deployment. Each is asked of its session whenever the deployment is shown.
pub const RUNNERS_MAX: usize = 8;

/// The largest part of a deployment's requests that a runner may be given.
pub const WEIGHT_MAX: u8 = 100;

/// Ports of one deployment.
pub const PORTS_MAX: usize = 16;

/// Environment variables of one deployment.
pub const ENV_MAX: usize = 256;

/// Names and values of all environment variables of one deployment together, in bytes. Linux allows 128 KiB
/// for one string of the environment; this keeps a snapshot of many deployments small.
pub const ENV_BYTES_MAX: usize = 64 * 1024;

/// Files of one deployment.
pub const FILES_MAX: usize = 64;

/// The contents of all files of one deployment together, in bytes. With [`ENV_BYTES_MAX`] they fit a JSON body, even as
/// base64.
pub const FILE_BYTES_MAX: usize = 96 * 1024;

/// Volumes of one deployment.
pub const MOUNTS_MAX: usize = 16;

/// Labels, and names of hosts, of one deployment.
pub const LABELS_MAX: usize = 64;

/// Longest path in a replica, in bytes.
pub const PATH_MAX: usize = 1024;

/// Largest value of a secret, in bytes: a chain of certificates with its key fits.
pub const SECRET_MAX: usize = 48 * 1024;

/// All secrets of one deployment together, in bytes: they travel in the snapshot of its runner.
pub const SECRETS_BYTES_MAX: usize = 128 * 1024;

/// Secrets of one workspace.
pub const WORKSPACE_SECRETS_MAX: usize = 1000;

/// Roles of one workspace's own.
pub const WORKSPACE_ROLES_MAX: usize = 100;

/// Roles of one member: each request of the member reads them all.
pub const MEMBER_ROLES_MAX: usize = 20;

/// Resources that the grants of one role name, all together.
pub const ROLE_RESOURCES_MAX: usize = 1000;

/// Invitations of one workspace that wait to be used.
pub const WORKSPACE_INVITATIONS_MAX: usize = 100;

/// Federations of one workspace: an exchange reads all those of an issuer.
pub const WORKSPACE_FEDERATIONS_MAX: usize = 100;

/// Lanes of a runner: tunnel objects that its public traffic is spread over.
pub const TUNNEL_LANES: u8 = 2;

/// Connections that hear what changes in one workspace. Each change is said to each of them by one object.
pub const LISTENERS_MAX: usize = 500;

/// The same, of one user: more tabs than anybody looks at, and few enough that one program that forgets to close its
/// connections does not take those of everybody.
pub const USER_LISTENERS_MAX: usize = 20;

/// What may be viewed through such a connection, as JSON, in bytes. It is kept with the socket, where the platform has room
/// for 16 KiB; some 400 resources that are named one by one fit.
pub const LISTENER_BYTES_MAX: usize = 12 * 1024;

/// Resources in one message about what has changed. Beyond that a kind is named as a whole.
pub const CHANGED_MAX: usize = 100;
