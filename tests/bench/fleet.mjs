// The scheduler with fleets that nobody has at hand: the real core, in simulated time (tests/bench/fleet/main.cpp).
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Rows } from "./rows.mjs";

const [bin, ...flags] = process.argv.slice(2);
const rows = new Rows(flags.includes("--json"));
const ran = spawnSync(join(bin, "..", "tests", "fleet"), [], { encoding: "utf8" });
if (ran.status !== 0) throw new Error(`fleet exited with ${ran.status}\n${ran.stderr}`);
const found = Object.fromEntries(ran.stdout.trim().split("\n").map((line) => JSON.parse(line)).map(({ name, value }) => [name, value]));
rows.add("Jain index, 3 users, 64 slots, a minute", found.jain, "", 0.95, "atLeast");
rows.add("100,000 tasks, 50 expressions, 1,000 workers: longest pass", found["longest pass"], "ms", 50);
rows.add("the same, amortised", found["per task"], "us/task", 5);
rows.add("2,000 tasks on 4 classes, against the lower bound", found.makespan, "x", 1.1);
rows.add("explain for 1,000 workers", found.explain, "ms", 100);
