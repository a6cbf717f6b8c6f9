// Images a second of ResNet-20 on Fashion-MNIST, batch 128, one thread: the real `train` stage beside an idiomatic loop of
// Python's on the same LibTorch, in turns. Python's loader may have a process of its own, if that is faster.
// usage: training.mjs BIN [--json] [--rounds=N] [--samples=N]
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Rows } from "./parts/rows.mjs";
import { hasTorchvision, interval, median, python, Turns, withMimalloc } from "./parts/turns.mjs";

const kImages = "/usr/share/datasets/fashion-mnist";
const [bin, ...flags] = process.argv.slice(2);
const rows = new Rows(flags.includes("--json"));
const option = (name, otherwise) => Number(flags.find((flag) => flag.startsWith(`--${name}=`))?.split("=")[1] ?? otherwise);
const rounds = option("rounds", 5);
const samples = option("samples", 12800);
const peer = new URL("./peers/training.py", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "espalier-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

// Where torchvision looks for it, unpacked.
function lay_out_for_torchvision() {
  const raw = join(folder, "FashionMNIST/raw");
  mkdirSync(raw, { recursive: true });
  for (const name of readdirSync(kImages).filter((file) => file.endsWith(".gz")))
    writeFileSync(join(raw, name.slice(0, -3)), gunzipSync(readFileSync(join(kImages, name))));
}

const specification = {
  stage: "train", version: 1, seed: 1,
  data: { dataset: "fashion-mnist", format: "idx", path: kImages, train_samples: samples, val_samples: 100, augment: ["flip", "crop"], resize: null },
  model: { name: "resnet20" },
  settings: { epochs: 1, batch_size: 128, optimizer: "sgd", learning_rate: 0.1, momentum: 0.9, weight_decay: 5e-4, schedule: "constant" },
};

// A fresh process each time, pinned like the peers (Turns): what the stage reports, and its start and end from outside.
function train_here() {
  const file = join(folder, "spec.json");
  writeFileSync(file, JSON.stringify(specification));
  const begin = process.hrtime.bigint();
  const ran = spawnSync("taskset", ["-c", Turns.cpu, join(bin, "espalier-runner"), "run", file, join(folder, "out")], { encoding: "utf8" });
  const wall = Number(process.hrtime.bigint() - begin) / 1e9;
  if (ran.status !== 0) throw new Error(`espalier-runner exited with ${ran.status}\n${ran.stderr}${ran.stdout}`);
  const reported = JSON.parse(ran.stdout).metrics.find((metric) => metric.name === "train_images_per_s").value;
  return { reported, wall: samples / wall };
}

if (!hasTorchvision()) {
  console.error("training: this bench needs Debian's python3-torchvision");
  process.exit(2);
}
lay_out_for_torchvision();
const words = (workers) => [peer, folder, String(samples), String(workers)];
const peers = {};
for (const workers of [0, 1]) {
  peers[`mimalloc, ${workers} workers`] = await Turns.start(python, words(workers), withMimalloc());
  peers[`as installed, ${workers} workers`] = await Turns.start(python, words(workers));
}
const ours = [];
const outside = [];
const theirs = Object.fromEntries(Object.keys(peers).map((name) => [name, []]));
for (let round = 0; round < rounds; ++round) {
  const trained = train_here();
  ours.push(trained.reported);
  outside.push(trained.wall);
  for (const [name, turns] of Object.entries(peers)) theirs[name].push((await turns.ask("epoch")).images_per_s);
}
for (const turns of Object.values(peers)) turns.stop();
rows.add("ResNet-20, the train stage", median(ours), "images/s");
rows.add("the same by the process's start and end", median(outside), "images/s");
for (const name of Object.keys(peers)) rows.add(`Python, ${name}`, median(theirs[name]), "images/s");
for (const [kind, target] of [["mimalloc", 1.2], ["as installed", null]]) {
  const of_kind = Object.keys(theirs).filter((name) => name.startsWith(kind));
  const best = of_kind.reduce((one, other) => (median(theirs[other]) > median(theirs[one]) ? other : one));
  const ratios = ours.map((value, round) => value / theirs[best][round]);
  rows.add(`times Python (${best})`, median(ratios), "x", target, "atLeast");
  const [low, high] = interval(ratios);
  rows.add(`its 95 % interval from (${kind})`, low, "x");
  rows.add(`its 95 % interval to (${kind})`, high, "x");
}
