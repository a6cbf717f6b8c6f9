// Programs that are measured in turns: each waits for a line, works, answers with a line. Only one works at a time.
import { spawn, spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { createInterface } from "node:readline";

// Debian's: the one whose torch is built on the LibTorch that we use.
export const python = "/usr/bin/python3";

export function hasTorchvision() {
  return spawnSync(python, ["-c", "import torch, torchvision"]).status === 0;
}

// The allocator that espalier-runner is linked with, for a program that isn't; it keeps its memory, like ours.
export function withMimalloc() {
  const listed = spawnSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" }).stdout;
  const path = /libmimalloc\.so\.2 .*=> (\S+)/.exec(listed)?.[1];
  if (!path) throw new Error("there is no libmimalloc.so.2 (apt-get install libmimalloc-dev)");
  return { LD_PRELOAD: path, MIMALLOC_RESERVE_OS_MEMORY: "4GiB" };
}

export class Turns {
  static cpu = String(cpus().length - 1);

  // On one CPU, one thread; `ready` is its first line.
  static async start(program, args, environment = {}) {
    const turns = new this();
    turns.child = spawn("taskset", ["-c", Turns.cpu, program, ...args],
      { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", ...environment } });
    turns.lines = createInterface({ input: turns.child.stdout })[Symbol.asyncIterator]();
    turns.name = `${program} ${args.join(" ")}`;
    turns.ready = await turns.answer();
    return turns;
  }
  async answer() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.name} ended without an answer`);
    return JSON.parse(value);
  }
  ask(line) {
    this.child.stdin.write(`${line}\n`);
    return this.answer();
  }
  stop() { this.child.stdin.end(); }
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};
export const geometric_mean = (values) => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

// The 95 % interval of the median of rounds, by resampling them; the same draws every time.
export function interval(values, draws = 2000) {
  let state = 1;
  const below = (count) => { state = (state * 48271) % 2147483647; return state % count; };
  const medians = Array.from({ length: draws }, () => median(values.map(() => values[below(values.length)]))).sort((a, b) => a - b);
  return [medians[Math.floor(0.025 * draws)], medians[Math.ceil(0.975 * draws) - 1]];
}
