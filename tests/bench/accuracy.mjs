// What jobs/fashion-mnist.toml reaches on all of Fashion-MNIST, by the whole system in a fresh state folder. Slow.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Rows } from "./parts/rows.mjs";
import { temporaryFolder } from "../temporary_folder.mjs";

const kTargets = { lenet5: 0.9, resnet20: 0.925 };
const [bin, ...flags] = process.argv.slice(2);
const rows = new Rows(flags.includes("--json"));
const folder = temporaryFolder("bench");
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const begin = process.hrtime.bigint();
const ran = spawnSync(join(bin, "espalier"), ["run", "jobs/fashion-mnist.toml", "--state", join(folder, "state"), "--json"],
  { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] });
if (ran.status !== 0) throw new Error(`espalier run exited with ${ran.status}`);
const { trials } = JSON.parse(ran.stdout);
for (const [group, target] of Object.entries(kTargets)) {
  const trial = trials.find((one) => one.group === group);
  rows.add(`Fashion-MNIST, ${group}`, trial.metrics.accuracy, "", target, "atLeast");
}
rows.add("both trained and evaluated", Number(process.hrtime.bigint() - begin) / 1e9, "s");
