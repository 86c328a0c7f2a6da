// graphile-worker, filled and emptied: `peer.mjs main URL JOBS WORKERS BATCH PROCESSES...`, or a worker of it. A batched run
// ends when the table of jobs is empty, so completion counts, not only execution.
import { fork } from "node:child_process";
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";

const quiet = new Logger(() => () => {});
const seconds = (since) => Number(process.hrtime.bigint() - since) / 1e9;
const tell = (name, jobs, time) => console.log(`graphile-worker: ${name}\t${jobs / time}`);
const TABLE = "graphile_worker._private_jobs";

function pool(url, max) {
  const made = new pg.Pool({ connectionString: url, max });
  made.on("error", () => {});
  made.on("connect", (client) => client.on("error", () => {}));
  return made;
}

async function worker(url, mode, concurrentJobs, batch, most) {
  let runner;
  let done = 0;
  const noop = () => {
    if (++done === most) process.send("done");
  };
  const batched = { localQueue: { size: batch }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
  const preset = {
    worker: { connectionString: url, maxPoolSize: concurrentJobs + 2, concurrentJobs, ...(mode === "batched" ? batched : {}) },
  };
  process.on("message", async (message) => {
    if (message === "go") {
      runner = await run({ logger: quiet, noHandleSignals: true, taskList: { noop }, preset });
    } else {
      await runner.stop();
      process.exit(0);
    }
  });
  process.send("ready");
}

async function add(utils, from, to, batch) {
  for (let n = from; n < to; n += batch) {
    const specs = Array.from({ length: Math.min(batch, to - n) }, (_, i) => ({ identifier: "noop", payload: { n: n + i } }));
    await (batch === 1 ? utils.addJob("noop", specs[0].payload) : utils.addJobs(specs));
  }
}

/** Empties the queue by `processes` with `concurrency` jobs at once each; in the default mode, does `most` jobs of it. */
async function drain(db, url, mode, processes, concurrency, batch, jobs, most) {
  await db.query(`vacuum analyze ${TABLE}`);
  await db.query("checkpoint");
  const args = ["worker", url, mode, concurrency, batch, most].map(String);
  const workers = Array.from({ length: processes }, () => fork("peer.mjs", args));
  const heard = () => Promise.all(workers.map((one) => new Promise((resolve) => one.once("message", resolve))));
  await heard();
  const since = process.hrtime.bigint();
  workers.forEach((one) => one.send("go"));
  if (mode === "batched") {
    while ((await db.query(`select from ${TABLE} limit 1`)).rowCount) await new Promise((resolve) => setTimeout(resolve, 10));
    tell(`work, ${batch} at a time, ${processes} × ${concurrency}`, jobs, seconds(since));
  } else {
    await heard();
    tell(`work, default, ${processes} × ${concurrency}`, most, seconds(since));
  }
  await Promise.all(workers.map((one) => (one.send("stop"), new Promise((resolve) => one.once("exit", resolve)))));
}

async function main(url, jobs, concurrency, batch, counts) {
  const db = pool(url, concurrency + 2);
  const utils = await makeWorkerUtils({ pgPool: db, logger: quiet });
  await utils.migrate();
  const share = Math.floor(jobs / concurrency);
  const fill = async () => {
    await db.query(`truncate ${TABLE} cascade`);
    await Promise.all(Array.from({ length: concurrency }, (_, n) => add(utils, n * share, (n + 1) * share, batch)));
  };
  await fill();
  let since = process.hrtime.bigint();
  await Promise.all(Array.from({ length: concurrency }, (_, n) => add(utils, n * share, (n + 1) * share, batch)));
  tell(`enqueue, ${batch} at a time`, share * concurrency, seconds(since));
  since = process.hrtime.bigint();
  await Promise.all(Array.from({ length: concurrency }, (_, n) => add(utils, n * 500, (n + 1) * 500, 1)));
  tell("enqueue, one at a time", 500 * concurrency, seconds(since));
  for (const processes of counts) {
    await fill();
    const each = Math.max(1, Math.floor(concurrency / processes));
    await drain(db, url, "batched", processes, each, batch, share * concurrency, 0);
  }
  await fill();
  await drain(db, url, "default", 1, concurrency, batch, share * concurrency, 4000);
  await utils.release();
  await db.end();
}

const [, , role, url, ...rest] = process.argv;
if (role === "worker") {
  await worker(url, rest[0], ...rest.slice(1).map(Number));
} else {
  const [jobs, concurrency, batch, ...counts] = rest.map(Number);
  await main(url, jobs, concurrency, batch, counts);
  process.exit(0);
}
