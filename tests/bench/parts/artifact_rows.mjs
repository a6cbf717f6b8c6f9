// An artifact of 1 GB to a worker and to the store over loopback, hash check included, beside `cp` of the same file.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

export function addArtifactRows(rows, bin) {
  const ran = spawnSync(join(bin, "..", "tests", "artifact_transfer"), ["1000", "3"], { encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`artifact_transfer exited with ${ran.status}\n${ran.stderr}`);
  const lines = ran.stdout.trim().split("\n").map((line) => JSON.parse(line));
  const rounds = lines.filter((line) => "down" in line);
  const median = (pick) => rounds.map(pick).sort((a, b) => a - b)[Math.floor(rounds.length / 2)];
  rows.add("cp of 1 GB (median of 3)", median((r) => r.cp), "MB/s");
  rows.add("1 GB to a worker", median((r) => r.down), "MB/s");
  rows.add("1 GB to the store, synced", median((r) => r.up), "MB/s");
  rows.add("1 GB to a worker, share of cp", median((r) => r.down / r.cp), "", 0.6, "atLeast");
  rows.add("coordinator's loop late by at most", lines.find((line) => "coordinator_late_s" in line).coordinator_late_s, "s", 0.5);
}
