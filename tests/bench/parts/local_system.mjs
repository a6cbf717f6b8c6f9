// `espalier up` in a folder of its own; without workers, for benches that bring their own, or with some.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { temporaryFolder } from "../../temporary_folder.mjs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(condition, seconds, what) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await pause(5);
  }
}

export class LocalSystem {
  // `workers`: of `espalier up` itself. Where names are in `keyed`, they and nobody else may come in, each with a key.
  static async start(bin, { workers = ["--workers", "0"], keyed = [] } = {}) {
    const system = new this();
    system.bin = bin;
    system.folder = temporaryFolder("bench");
    system.state = join(system.folder, "state");
    const keys = join(system.folder, "keys");
    const make = (...words) => {
      const ran = spawnSync(join(bin, "espalier"), ["keys", ...words, "--keys", keys], { encoding: "utf8" });
      if (ran.status !== 0) throw new Error(`keys: ${ran.stderr}`);
    };
    if (keyed.length > 0) {
      make("init");
      for (const name of keyed) make("add-worker", name);
      system.keys = keys;
    }
    system.up = spawn(join(bin, "espalier"), ["up", ...workers, "--state", system.state, "--http", "127.0.0.1:0", ...(system.keys ? ["--keys", keys] : [])],
      { stdio: ["ignore", "pipe", "inherit"] });
    system.ended = new Promise((resolve) => system.up.once("exit", resolve));
    await until(() => existsSync(join(system.state, "coordinator.json")), 60, "the coordinator");
    return system;
  }
  coordinator() { return JSON.parse(readFileSync(join(this.state, "coordinator.json"), "utf8")); }

  // N tasks that differ in one setting only and depend on nothing: a train task of each trial.
  job(name, tasks) {
    const file = join(this.folder, `${name}.toml`);
    const step = 1e-7;
    writeFileSync(file, `[job]\nname = "${name}"\n[data]\nformat = "synthetic"\ninput_shape = [1, 28, 28]\nclasses = 10\n` +
      `train_samples = 100\n[model]\nname = "lenet5"\n[evaluate]\nenabled = false\n[benchmark]\nenabled = false\n` +
      `[train]\nweight_decay = ${this.salt()}\n[[group]]\nname = "noop"\npipeline = ["train"]\n` +
      `sweep = { "train.learning_rate" = { from = ${step.toFixed(7)}, to = ${(tasks * step).toFixed(7)}, step = ${step.toFixed(7)} } }\n`);
    return file;
  }
  // Tasks of one bench must not be known from another.
  salt() { this.salted = (this.salted ?? 0) + 1; return (this.salted * 1e-4).toFixed(4); }

  submit(file) {
    const begin = process.hrtime.bigint();
    const ran = spawnSync(join(this.bin, "espalier"), ["submit", file, "--state", this.state, "--json"], { encoding: "utf8" });
    if (ran.status !== 0) throw new Error(`submit: ${ran.stderr}`);
    return Number(process.hrtime.bigint() - begin) / 1e9;
  }
  submitBeside(file) {
    const child = spawn(join(this.bin, "espalier"), ["submit", file, "--state", this.state, "--json"], { stdio: "ignore" });
    return new Promise((resolve, reject) => child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error("submit failed")))));
  }

  // The load program; `lines` of JSON as they come, `ended` when it has.
  load(command, options) {
    const { coordinator = this.coordinator().zmq, ...others } = options;
    const args = [command, "--coordinator", coordinator];
    if (this.keys) args.push("--keys", this.keys);
    for (const [name, value] of Object.entries(others)) args.push(`--${name}`, String(value));
    const child = spawn(join(this.bin, "orchestrator_load"), args, { stdio: ["ignore", "pipe", "inherit"] });
    const lines = [];
    const reader = createInterface({ input: child.stdout });
    const ended = new Promise((resolve, reject) => reader.once("close", () => resolve(lines)).once("error", reject));
    const first = new Promise((resolve) => reader.on("line", (line) => { lines.push(JSON.parse(line)); resolve(lines[0]); }));
    return { child, lines, ended, first };
  }

  // Another coordinator of the same database, once the one that leads knows of it. From then on `up` starts none by itself.
  async standBy() {
    this.up.kill("SIGSTOP");
    const leader = this.leader ?? this.coordinator();
    const file = join(this.folder, `coordinator-${(this.standbys ??= []).length}.json`);
    const child = spawn(join(this.bin, "espalier-coordinator"), ["--database", `host=${this.socket()} dbname=postgres user=espalier`, "--artifacts",
      join(this.state, "artifacts"), "--http", "127.0.0.1:0", "--zmq", "tcp://127.0.0.1:0", "--state-file", file], { stdio: "ignore" });
    this.standbys.push(child);
    this.leader = leader;
    const known = async () => /^espalier_another_stands_by 1$/m.test(await (await fetch(`${leader.http}/metrics`)).text());
    await until(known, 30, "the leader's knowing of another");
    const leads = async () => (this.leader = await until(() => existsSync(file) && JSON.parse(readFileSync(file, "utf8")), 30, "the take-over"));
    return { leads };
  }
  killLeader() { process.kill(this.leader.pid, "SIGKILL"); }

  socket() { return readFileSync(join(this.state, "postgres/data/postmaster.pid"), "utf8").split("\n")[4]; }
  psql(...args) {
    return spawn("psql", ["-h", this.socket(), "-U", "espalier", "-d", "postgres", "-qAt", ...args], { stdio: ["pipe", "pipe", "inherit"] });
  }
  async ask(statement) {
    const child = this.psql("-c", statement);
    let text = "";
    for await (const chunk of child.stdout) text += chunk;
    return text.trim();
  }
  // Peak memory of the coordinator until now, in bytes.
  peakMemory() {
    const status = readFileSync(`/proc/${this.coordinator().pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)[1]) * 1024;
  }
  async metric(name) {
    const text = await (await fetch(`${this.coordinator().http}/metrics`)).text();
    const found = new RegExp(`^${name} (\\S+)$`, "m").exec(text);
    return found ? Number(found[1]) : null;
  }

  async stop() {
    for (const child of this.standbys ?? []) child.kill("SIGKILL");
    this.up.kill("SIGCONT");
    this.up.kill("SIGINT");
    await this.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
