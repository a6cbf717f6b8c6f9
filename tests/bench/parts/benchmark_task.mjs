// One task `benchmark` by the runner itself, without coordinator or agent.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "espalier-measuring-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function spec({ model, baseline, seed, minSeconds }) {
  return {
    stage: "benchmark", version: 1, seed, model, ...(baseline ? { baseline } : {}),
    data: { format: "synthetic", input_shape: [1, 28, 28], classes: 10 },
    settings: { batch_sizes: [1], threads: [1], precision: "fp32", min_seconds: minSeconds, target_ci: 0.01 },
  };
}

function collected(stream) {
  return new Promise((done) => {
    let text = "";
    stream.setEncoding("utf8").on("data", (piece) => { text += piece; }).on("end", () => done(text));
  });
}

// Metrics by name: {value, ci_low, ci_high, samples}.
export async function benchmark(bin, task) {
  const file = join(folder, "spec.json");
  writeFileSync(file, JSON.stringify(spec(task)));
  const runner = spawn(join(bin, "espalier-runner"), ["run", file, join(folder, "out")], { stdio: ["ignore", "pipe", "pipe"] });
  const [said, complained, code] = await Promise.all(
    [collected(runner.stdout), collected(runner.stderr), new Promise((done) => runner.on("close", done))]);
  if (code !== 0) throw new Error(`espalier-runner exited with ${code}\n${complained}`);
  return Object.fromEntries(JSON.parse(said).metrics.map((metric) => [metric.name, metric]));
}

// The processor that a runner pins its measuring to: the highest that it may use.
export function measuringCpu() {
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1];
  return allowed.split(/[,-]/).at(-1);
}

// Milliseconds that a fixed computation takes on one processor now, in the median. It keeps the core's units busy, as nets do:
// a neighbour on the same core shows, which takes nothing from a chain of operations that wait for each other.
export function fixedComputation(cpu) {
  const program = `const a = new Float32Array(32768).fill(1.5), b = new Float32Array(32768).fill(0.5), times = [];
    for (let i = 0; i < 60; ++i) {
      const begin = process.hrtime.bigint();
      let s = 0, t = 0, u = 0, v = 0;
      for (let pass = 0; pass < 100; ++pass)
        for (let k = 0; k < a.length; k += 4) {
          s += a[k] * b[k]; t += a[k + 1] * b[k + 1]; u += a[k + 2] * b[k + 2]; v += a[k + 3] * b[k + 3];
        }
      times.push(Number(process.hrtime.bigint() - begin) / 1e6);
      if (s + t + u + v < 1) throw new Error();
    }
    console.log(times.sort((x, y) => x - y)[30]);`;
  return Number(spawnSync("taskset", ["--cpu-list", cpu, process.execPath, "--eval", program], { encoding: "utf8" }).stdout);
}

// A program that computes on one processor until it is ended.
export function hog(cpu) {
  const program = spawn("taskset", ["--cpu-list", cpu, process.execPath, "--eval", "for (;;);"], { stdio: "ignore" });
  return { end: () => new Promise((done) => { program.on("close", done); program.kill("SIGKILL"); }) };
}
