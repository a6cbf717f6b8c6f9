// Who gets what: the real core with fleets that nobody has at hand, in simulated time (tests/bench/fleet/main.cpp), and
// real trainings and benchmarks on this host. Usage: fleet.mjs BIN [simulated|preemption|beside]… [--json]
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beside_training, preemption } from "./fleet_jobs.mjs";
import { Rows } from "./rows.mjs";

const [bin, ...rest] = process.argv.slice(2);
const rows = new Rows(rest.includes("--json"));
const arms = rest.filter((word) => !word.startsWith("--"));
const wanted = (arm) => arms.length === 0 || arms.includes(arm);
const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[Math.floor(values.length / 2)];

if (wanted("simulated")) {
  const ran = spawnSync(join(bin, "..", "tests", "fleet"), [], { encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`fleet exited with ${ran.status}\n${ran.stderr}`);
  const found = Object.fromEntries(ran.stdout.trim().split("\n").map((line) => JSON.parse(line)).map(({ name, value }) => [name, value]));
  rows.add("Jain index, 3 users, 64 slots, a minute", found.jain, "", 0.95, "atLeast");
  rows.add("100,000 tasks, 50 expressions, 1,000 workers: longest pass", found["longest pass"], "ms", 50);
  rows.add("the same, amortised", found["per task"], "us/task", 5);
  rows.add("2,000 tasks on 4 classes, against the lower bound", found.makespan, "x", 1.1);
  rows.add("explain for 1,000 workers", found.explain, "ms", 100);
}
if (wanted("preemption")) {
  const interval = 4;
  const lost = [];
  for (const before of [0, 1, 2, 3]) lost.push(await preemption(bin, interval, before));
  rows.add("a preempted training does again (worst of 4)", Math.max(...lost) / interval, "checkpoint intervals", 1);
}
if (wanted("beside")) {
  const { alone, beside } = await beside_training(bin, 12);
  // What two benchmarks of the same kind on an idle host differ by: 95 % of the pairs of neighbours.
  const same = alone.slice(1).map((value, i) => Math.abs(value / alone[i] - 1));
  const bound = sorted(same)[Math.ceil(0.95 * same.length) - 1];
  const differs = median(beside.map((value, i) => value / alone[i] - 1));
  rows.add("latency with training queued, against idle (A/A)", Math.abs(differs) * 100, "%", bound * 100);
}
