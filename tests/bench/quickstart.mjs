// The main job from outside: first run, second run, and how long a second run takes to hand its job in.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Rows } from "./parts/rows.mjs";
import { temporaryFolder } from "../temporary_folder.mjs";

const [bin, ...flags] = process.argv.slice(2);
const rows = new Rows(flags.includes("--json"));
const folder = temporaryFolder("bench");
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function espalier(...args) {
  const begin = process.hrtime.bigint();
  const ran = spawnSync(join(bin, "espalier"), args, { encoding: "utf8", maxBuffer: 1 << 28 });
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  if (ran.status !== 0) throw new Error(`espalier ${args.join(" ")} exited with ${ran.status}\n${ran.stderr}`);
  return { seconds, document: args.includes("--json") ? JSON.parse(ran.stdout) : null };
}

const state = ["--state", join(folder, "state")];
const first = espalier("run", "jobs/quickstart.toml", ...state, "--json");
rows.add("quickstart, first run", first.seconds, "s", 240);
rows.add("quickstart, trials that succeeded", first.document.trials.filter((t) => t.state === "succeeded").length, "trials",
  first.document.trials.length, "atLeast");
const again = [0, 1, 2].map(() => espalier("run", "jobs/quickstart.toml", ...state, "--json"));
rows.add("quickstart, second run (median of 3)", again.map((r) => r.seconds).sort((a, b) => a - b)[1], "s", 5);
rows.add("quickstart, tasks executed in a second run", Math.max(...again.map((r) => r.document.tasks.executed)), "tasks", 0);

const begin = Date.now();
const dev = spawnSync("./dev", ["run", "jobs/quickstart.toml", ...state, "--json"], { encoding: "utf8", maxBuffer: 1 << 28 });
if (dev.status !== 0) throw new Error(`./dev run exited with ${dev.status}\n${dev.stderr}`);
const [{ submitted }] = JSON.parse(spawnSync(join(bin, "espalier"),
  ["sql", ...state, "--json", "select (extract(epoch from max(submitted_at)) * 1000)::float8 as submitted from jobs"],
  { encoding: "utf8" }).stdout);
rows.add("./dev run, start to job handed in", (submitted - begin) / 1000, "s", 3);
