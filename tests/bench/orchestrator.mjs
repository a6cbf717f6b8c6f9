// What the orchestrator itself costs, with workers that do no work. Every arm has a system of its own; arms that are
// compared run in turns.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { addArtifactRows } from "./parts/artifact_rows.mjs";
import { LocalSystem, until } from "./parts/local_system.mjs";
import { Rows } from "./parts/rows.mjs";

const [bin, ...flags] = process.argv.slice(2);
const rows = new Rows(flags.includes("--json"));
const only = flags.filter((flag) => !flag.startsWith("--"));
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const kSnapshot_ms = 180_000;
const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(share * values.length) - 1)];

async function withSystem(work, keyed = []) {
  const system = await LocalSystem.start(bin, { keyed });
  try {
    return await work(system);
  } finally {
    await system.stop();
  }
}

// Tasks a second from the submission's start to the last acknowledged end, and from the first start.
async function noops(system, tasks, name) {
  const file = system.job(name, tasks);
  const load = system.load("work", { workers: 2, slots: 2000, name, "until-ended": tasks });
  await load.first;
  const begin = process.hrtime.bigint();
  await system.submitBeside(file);
  const lines = await load.ended;
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  return { all: tasks / seconds, run: tasks / lines.at(-1).seconds };
}

// Lifetimes of tasks a second in pure SQL, nothing else in the way: what PostgreSQL alone does here.
async function lifetimes(system) {
  await system.ask(readFileSync(new URL("parts/lifetimes.sql", import.meta.url), "utf8"));
  const begin = process.hrtime.bigint();
  await system.ask("call lifetimes.live()");
  return 200_000 / (Number(process.hrtime.bigint() - begin) / 1e9);
}

const arms = {
  async conditions() {
    const ours = spawnSync(join(bin, "espalier"), ["--version"], { encoding: "utf8" }).stdout;
    await withSystem(async (system) => {
      const [version, sync, fsync] = (await system.ask("select version() union all select current_setting('synchronous_commit') union all select current_setting('fsync')")).split("\n");
      const libraries = spawnSync("dpkg-query", ["-W", "-f", "${Package} ${Version}, ", "libzmq5", "libpqxx-[0-9]*"], { encoding: "utf8" }).stdout ?? "";
      rows.condition(`${version.split(" on ")[0]}, synchronous_commit ${sync}, fsync ${fsync}, ${libraries}Espalier ${ours.replace(/\D*/, "").trim()}`);
      const commits = 200;
      await system.ask("create table sync_probe (n int)");
      const probe = system.psql();
      const begin = process.hrtime.bigint();
      probe.stdin.end("insert into sync_probe values (1);\n".repeat(commits));
      await new Promise((resolve) => probe.once("exit", resolve));
      rows.add("a commit of one row here", Number(process.hrtime.bigint() - begin) / 1e6 / commits, "ms");
    });
  },

  async throughput() {
    // A system of its own: what its rows leave to be vacuumed would be at work beside the no-ops.
    const alone = () => withSystem(lifetimes);
    const before = await alone();
    const { all, run } = await withSystem((system) => noops(system, 200_000, "throughput"));
    rows.add("PostgreSQL alone, lifetimes of tasks in pure SQL, before and after", (before + (await alone())) / 2, "tasks/s");
    rows.add("no-op tasks, first start to last committed result", run, "tasks/s", 20_000, "atLeast");
    rows.add("no-op tasks, submission included", all, "tasks/s", 20_000, "atLeast");
  },

  async snapshot() {
    await withSystem(async (system) => {
      // Three minutes of work while it is held, and as many rounds without it: half of them before, half after.
      const rates = { free: [], held: [] };
      const round = async (kind) => rates[kind].push((await noops(system, 60_000, `${kind}-${rates[kind].length}`)).run);
      for (let i = 0; i < 6; ++i) await round("free");
      const reader = system.psql();
      reader.stdin.write("begin isolation level repeatable read; select count(*) from v1.jobs; \n");
      await new Promise((resolve) => reader.stdout.once("data", resolve));
      const end = Date.now() + kSnapshot_ms;
      while (Date.now() < end) await round("held");
      reader.stdin.end("commit;\n");
      await new Promise((resolve) => reader.once("exit", resolve));
      while (rates.free.length < rates.held.length) await round("free");
      rows.add("throughput beside a snapshot held for three minutes, to without", median(rates.held) / median(rates.free), "x", 0.95, "atLeast");
    });
  },

  async curve() {
    const rounds = [0, 1, 2, 3, 4];
    const rates = { plain: [], encrypted: [] };
    await withSystem((plain) => withSystem(async (encrypted) => {
      for (const round of rounds) {
        rates.plain.push((await noops(plain, 60_000, `plain-${round}`)).run);
        rates.encrypted.push((await noops(encrypted, 60_000, `encrypted-${round}`)).run);
      }
    }, rounds.flatMap((round) => [`encrypted-${round}-0`, `encrypted-${round}-1`])));
    rows.add("throughput with encrypted workers, to without", median(rates.encrypted) / median(rates.plain), "x", 0.8, "atLeast");
  },

  async latency() {
    await withSystem(async (system) => {
      const toml = readFileSync(system.job("latency", 1), "utf8").replace('name = "latency"', 'name = "latency"\nseed = SEED').replace(/sweep = .*\n/, "");
      const count = 300;
      const load = system.load("latency", { http: system.coordinator().http, toml, count });
      const lines = await load.ended;
      if (lines.length !== count || lines.at(-1).error) throw new Error(JSON.stringify(lines.at(-1)));
      const starts = lines.slice(20).map((line) => line.start_ms);
      rows.add("submit to start on an idle system, p50", percentile(starts, 0.5), "ms", 5);
      rows.add("submit to start on an idle system, p99", percentile(starts, 0.99), "ms", 15);
    });
  },

  async scale() {
    const small = [];
    for (let round = 0; round < 3; ++round) small.push(await withSystem(async (system) => (await noops(system, 10_000, "small")).run));
    await withSystem(async (system) => {
      const { run } = await noops(system, 1_000_000, "large");
      rows.add("cost of a task at 1,000,000 tasks to that at 10,000", median(small) / run, "x", 1.3);
      rows.add("coordinator's peak memory at 1,000,000 tasks", system.peakMemory() / 2 ** 20, "MiB", 1024);
    });
  },

  async points() {
    await withSystem(async (system) => {
      const tasks = 100;
      const points = 5000;
      const load = system.load("work", { workers: 4, slots: 25, points, "until-points": tasks * points });
      await load.first;
      await system.submitBeside(system.job("points", tasks));
      const line = (await load.ended).at(-1);
      const committed = Number(await system.ask("select count(*) from espalier.curve_point"));
      rows.add("metric points from workers to committed rows", line.points / line.seconds, "points/s", 50_000, "atLeast");
      rows.add("acknowledged metric points that aren't in the database", line.points - Math.min(line.points, committed), "points", 0);
    });
  },

  async workers() {
    await withSystem(async (system) => {
      const load = system.load("work", { workers: 2000, slots: 1, "until-seconds": 40 });
      const line = (await load.ended).at(-1);
      rows.add("workers connected at once", line.beats > 0 ? load.lines[0].welcomed ?? 0 : 0, "workers", 2000, "atLeast");
      rows.add("heartbeats answered later than an interval", (100 * line.late_beats) / line.beats, "%", 0);
    });
  },

  async registering() {
    await withSystem(async (system) => {
      system.submit(system.job("queued", 1_000_000));
      const load = system.load("work", { workers: 500, slots: 4, "task-ms": 60000, "until-seconds": 15 });
      const first = await load.first;
      rows.add("500 workers registered while 1,000,000 tasks are queued", first.seconds, "s", 5);
      await load.ended;
      const longest = await system.metric("espalier_longest_pass_seconds");
      rows.add("longest scheduling pass meanwhile", longest === null ? NaN : longest * 1000, "ms", 50);
    });
  },

  async restart() {
    await withSystem(async (system) => {
      system.submit(system.job("unfinished", 100_000));
      const times = [];
      for (let round = 0; round < 3; ++round) {
        const { pid } = system.coordinator();
        process.kill(pid, "SIGKILL");
        const begin = process.hrtime.bigint();
        await until(() => { try { return system.coordinator().pid !== pid; } catch { return false; } }, 30, "the next coordinator");
        const load = system.load("work", { workers: 1, slots: 1, name: `after-${round}`, "task-ms": 1, "until-ended": 1 });
        await load.ended;
        times.push(Number(process.hrtime.bigint() - begin) / 1e9);
      }
      rows.add("killed with 100,000 unfinished tasks, to the next result (median of 3)", median(times), "s", 2);
    });
  },

  async takeover() {
    await withSystem(async (system) => {
      system.submit(system.job("taken-over", 100_000));
      const times = [];
      for (let round = 0; round < 3; ++round) {
        const next = await system.standBy();
        const begin = process.hrtime.bigint();
        await system.killLeader();
        const load = system.load("work", { workers: 1, slots: 1, name: `taken-${round}`, "task-ms": 1, "until-ended": 1, coordinator: (await next.leads()).zmq });
        await load.ended;
        times.push(Number(process.hrtime.bigint() - begin) / 1e9);
      }
      rows.add("killed with another standing by and 100,000 unfinished tasks, to the next result (median of 3)", median(times), "s", 5);
    });
  },

  async makespan() {
    await withSystem(async (system) => {
      const file = system.job("makespan", 1600);
      const load = system.load("work", { workers: 2, slots: 8, "task-ms": 100, "until-ended": 1600 });
      await load.first;
      await system.submitBeside(file);
      const line = (await load.ended).at(-1);
      rows.add("1,600 tasks of 0.1 s on 16 slots, to the ideal 10 s", line.seconds / 10, "x", 1.02);
    });
  },

  artifacts() {
    addArtifactRows(rows, bin);
  },

  async peer() {
    const dask = () => {
      const ran = spawnSync("/usr/bin/python3", [join(import.meta.dirname, "dask_noop.py"), "5000"], { encoding: "utf8" });
      return ran.status === 0 ? Number(ran.stdout) : null;
    };
    const theirs = [];
    const ours = [];
    for (let round = 0; round < 3; ++round) {
      theirs.push(dask());
      ours.push(await withSystem(async (system) => (await noops(system, 20_000, "peer")).all));
    }
    if (theirs.includes(null)) return rows.condition("no peer: apt-get install python3-distributed");
    rows.add("Dask distributed, no-op tasks, nothing on disk", median(theirs), "tasks/s");
    rows.add("no-op tasks, submission included, to Dask's", median(ours) / median(theirs), "x", 1, "atLeast");
  },
};

for (const [name, arm] of Object.entries(arms)) {
  if (only.length === 0 || only.includes(name) || name === "conditions") await arm();
}
