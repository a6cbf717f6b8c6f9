// What fleet.mjs measures with real trainings and benchmarks: `espalier up` on this host.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LocalSystem, until } from "./local_system.mjs";

const kNet = `[data]\ndataset = "fashion-mnist"\n[model]\nname = "lenet5"\n`;

function training(name, priority, seed, epochs, samples = 60000) {
  return `[job]\nname = "${name}"\npriority = ${priority}\nseed = ${seed}\n${kNet.replace("[model]", `train_samples = ${samples}\n[model]`)}[train]\nepochs = ${epochs}\n` +
    `[evaluate]\nenabled = false\n[benchmark]\nenabled = false\n[[group]]\nname = "g"\npipeline = ["train"]\n`;
}
function benchmark(name, seed) {
  return `[job]\nname = "${name}"\npriority = 60\nseed = ${seed}\n${kNet}[evaluate]\nenabled = false\n` +
    `[benchmark]\nbatch_sizes = [1]\nmin_seconds = 2.0\n[[group]]\nname = "g"\npipeline = []\n`;
}

class Host extends LocalSystem {
  hand_in(name, text) {
    const file = join(this.folder, `${name}.toml`);
    writeFileSync(file, text);
    this.submit(file);
  }
  finish(job) {
    return until(async () => (await this.ask(`select state from v1.jobs where name = '${job}'`)) === "succeeded", 600, job);
  }
}

// A training with a checkpoint every `interval` seconds, and after `before` seconds something of a higher priority: how
// many seconds of its work were done twice.
export async function preemption(bin, interval, before) {
  process.env.ESPALIER_CHECKPOINT_SECONDS = String(interval);
  const host = await Host.start(bin, { workers: ["--workers", "1", "--slots", "1"] });
  try {
    host.hand_in("long", training("long", 10, 1, 12));
    const saved = () => host.ask("select extract(epoch from max(saved_at)) from v1.checkpoints");
    await until(saved, 120, "a first checkpoint");
    await new Promise((resolve) => setTimeout(resolve, before * 1000));
    let last = await saved();
    host.hand_in("urgent", training("urgent", 90, 2, 1));
    const cancelled = () => host.ask("select extract(epoch from min(ended_at)) from v1.attempts where state = 'cancelled'");
    const end = await until(async () => {
      const at = await cancelled();
      if (at === "") last = (await saved()) || last;
      return at;
    }, 60, "the training to give way");
    await host.finish("urgent");
    return Number(end) - Number(last);
  } finally {
    await host.stop();
    delete process.env.ESPALIER_CHECKPOINT_SECONDS;
  }
}

// Medians of one benchmark in turns: alone, and with trainings queued for the same host by another worker of it.
export async function beside_training(bin, rounds) {
  const host = await Host.start(bin, { workers: ["--workers", "2", "--slots", "1"] });
  const alone = [];
  const beside = [];
  try {
    const measure = async (name, seed) => {
      host.hand_in(name, benchmark(name, seed));
      await host.finish(name);
      return Number(await host.ask(`select latency_p50_ms from v1.results where job_name = '${name}'`));
    };
    for (let round = 0; round < rounds; ++round) {
      alone.push(await measure(`alone ${round}`, 2 * round));
      for (let i = 0; i < 4; ++i) host.hand_in(`noise ${round}-${i}`, training(`noise ${round}-${i}`, 10, 100 + 4 * round + i, 1, 8000));
      beside.push(await measure(`beside ${round}`, 2 * round + 1));
      for (let i = 0; i < 4; ++i) await host.finish(`noise ${round}-${i}`);
    }
  } finally {
    await host.stop();
  }
  return { alone, beside };
}
