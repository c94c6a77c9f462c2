// Runs both Worker scripts on workerd through Miniflare's API. `cargo xtask edge` starts it and writes one line of
// JSON to its stdin: {host, port, state, workers, duties}. It says `ready` on stdout when it answers, and ends when
// its stdin does, which is when xtask ends, however that happens.
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Log, LogLevel, Miniflare } from "miniflare";
import workerd from "workerd";

const lines = createInterface({ input: process.stdin });
const [line] = await once(lines, "line");
const config = JSON.parse(line);

// EX_TEMPFAIL of sysexits.h: what went wrong was Miniflare's own, and xtask starts us once more.
const AGAIN = 75;

let edge;
let stopping = false;
async function stop(code) {
  if (stopping) return;
  stopping = true;
  await edge?.dispose().catch(() => {});
  process.exit(code);
}
lines.on("close", () => stop(0));
// A Ctrl-C in a terminal reaches the whole group: xtask decides, and ends our stdin.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => stop(0));

process.env.PATR_EDGE_WORKERD = workerd.default;
process.env.MINIFLARE_WORKERD_PATH = fileURLToPath(new URL("workerd.sh", import.meta.url));

// workerd tells of each client that leaves, and adds addresses of its own code to that: neither is about Patr.
const noise = /^stack: |: disconnected: /;
function relay(stream) {
  createInterface({ input: stream }).on("line", (line) => {
    if (!noise.test(line)) process.stderr.write(`${line}\n`);
  });
}

// The bookkeeping is wrangler's own, so that `wrangler d1 migrations` would agree about what was applied.
async function migrate(db, folder) {
  await db
    .prepare(
      `CREATE TABLE IF NOT EXISTS d1_migrations(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
       applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
    )
    .run();
  const applied = new Set((await db.prepare("SELECT name FROM d1_migrations").all()).results.map((row) => row.name));
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql") && !applied.has(name)).sort();
  for (const name of names) {
    const sql = await readFile(join(folder, name), "utf8");
    // A batch is one transaction: a migration that fails leaves nothing behind.
    await db.batch([db.prepare(sql), db.prepare("INSERT INTO d1_migrations (name) VALUES (?1)").bind(name)]);
  }
}

// Miniflare runs no cron triggers by itself.
function tick({ worker, crons }) {
  for (const cron of crons) {
    if (cron !== "* * * * *") throw new Error(`the local edge runs only "* * * * *", not the cron "${cron}"`);
    setInterval(async () => {
      try {
        await (await edge.getWorker(worker)).scheduled({ cron });
      } catch (error) {
        console.error(`cron of ${worker}: ${error.message}`);
      }
    }, 60_000);
  }
}

try {
  edge = new Miniflare({
    host: config.host,
    port: config.port,
    // Without this Miniflare asks the internet for the place of this machine.
    cf: false,
    log: new Log(LogLevel.ERROR),
    handleRuntimeStdio: (stdout, stderr) => [stdout, stderr].forEach(relay),
    d1Persist: join(config.state, "d1"),
    kvPersist: join(config.state, "kv"),
    durableObjectsPersist: join(config.state, "objects"),
    workers: config.workers,
  });
  await edge.ready;
  for (const duty of config.duties) {
    for (const { binding, migrations } of duty.databases) {
      await migrate(await edge.getD1Database(binding, duty.worker), migrations);
    }
    tick(duty);
  }
  console.log("ready");
} catch (error) {
  // An assertion of Miniflare's has no words: where it stands is all that it says.
  const wordless = error.code === "ERR_ASSERTION";
  console.error(`error: ${wordless ? error.stack : error.message}`);
  await stop(wordless ? AGAIN : 1);
}
