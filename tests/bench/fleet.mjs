// Who gets what: the real core with fleets that nobody has at hand, in simulated time (tests/bench/fleet/main.cpp), and
// real trainings and benchmarks on this host. Usage: fleet.mjs BIN [simulated|preemption|beside]… [--json]
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beside_training, preemption } from "./parts/fleet_jobs.mjs";
import { Rows } from "./parts/rows.mjs";

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
  // If training made no difference, each round's ratio could as well be its inverse: of the medians over all ways to
  // invert some of them, 95 % are below the bound.
  const ratios = beside.map((value, i) => Math.log(value / alone[i]));
  const ways = Array.from({ length: 2 ** ratios.length }, (_, signs) => Math.abs(median(ratios.map((ratio, i) => (signs >> i & 1 ? -ratio : ratio)))));
  const bound = Math.expm1(sorted(ways)[Math.ceil(0.95 * ways.length) - 1]);
  const differs = Math.expm1(median(ratios));
  if (!rest.includes("--json")) console.log(`# ms alone, beside: ${alone.map((value, i) => `${value.toFixed(4)} ${beside[i].toFixed(4)}`).join("; ")}`);
  rows.add("latency with training queued, against idle (median of 12 rounds, within its A/A interval)", Math.abs(differs) * 100, "%", bound * 100);
}
