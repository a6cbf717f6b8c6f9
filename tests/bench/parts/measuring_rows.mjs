// The rows of `./dev bench measuring`.
import { benchmark, fixedComputation, hog, measuringCpu } from "./benchmark_task.mjs";

const kRuns = 5;
const kComparisons = 100;
const kRunsBesideAHog = 40;
const kBusyLimit = 0.02;  // worker/runner/measure/latency.hpp
const kNet = { name: "resnet8" };

const byValue = (a, b) => a - b;
const median = (values) => [...values].sort(byValue)[values.length >> 1];

async function addPrecision(rows, bin) {
  const runs = [], machine = [];
  for (let run = 0; run < kRuns; ++run) {
    machine.push(fixedComputation(measuringCpu()));
    runs.push(await benchmark(bin, { model: kNet, seed: 1, minSeconds: 1 }));
  }
  const medians = runs.map((run) => run.latency_p50_ms.value);
  const halfWidths = runs.map(({ latency_p50_ms: p50 }) => 50 * (p50.ci_high - p50.ci_low) / p50.value);
  rows.add("half-width of p50's interval, one run", median(halfWidths), "%", 1);
  const spread = (values) => 100 * (Math.max(...values) - Math.min(...values)) / median(values);
  rows.add(`spread of p50 over ${kRuns} runs`, spread(medians), "%", 2);
  rows.add("spread of a fixed computation between these runs", spread(machine), "%");
  rows.add("blocks at the core's full speed, the least of these runs", 100 * Math.min(...runs.map((run) => run.full_speed.value ?? NaN)), "%");
  rows.add("busy, without anybody else", 100 * Math.max(...runs.map((run) => run.busy.value)), "%", 100 * kBusyLimit);
}

async function addComparisonWithItself(rows, bin) {
  let unclear = 0;
  for (let seed = 1; seed <= kComparisons; ++seed) {
    const { speedup } = await benchmark(bin, { model: kNet, baseline: kNet, seed, minSeconds: 0.1 });
    if (speedup.ci_low <= 1 && speedup.ci_high >= 1) ++unclear;
  }
  rows.add(`a net against itself: "can't tell", of ${kComparisons}`, unclear, "comparisons", 0.95 * kComparisons, "atLeast");
}

async function addBusyMachine(rows, bin) {
  let flagged = 0;
  for (let seed = 1; seed <= kRunsBesideAHog; ++seed) {
    const rival = hog(measuringCpu());
    const { busy } = await benchmark(bin, { model: kNet, seed, minSeconds: 0.1 });
    await rival.end();
    if (busy.value > kBusyLimit) ++flagged;
  }
  rows.add(`beside a hog: flagged, of ${kRunsBesideAHog} runs`, flagged, "runs", 0.95 * kRunsBesideAHog, "atLeast");
}

export async function addMeasuringRows(rows, bin) {
  await addPrecision(rows, bin);
  await addComparisonWithItself(rows, bin);
  await addBusyMachine(rows, bin);
}
