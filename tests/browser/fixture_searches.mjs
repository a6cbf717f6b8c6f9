// Jobs that compare nets or learn from their trials, made up, from a seed.

import { kTrial, markPareto, metricsOf, random } from './fixture_world.mjs';

// Four families over their width; the trials know net and family as the coordinator tells them.
export function widthDepth(id = 6) {
  const draw = random(5);
  const trials = [];
  for (const [group, model, family, size, rate] of [
    ['lenet', 'lenet5', 'lenet', 61_706, 9000], ['residual', 'resnet20', 'resnet', 272_474, 900],
    ['residual', 'resnet32', 'resnet', 466_906, 520], ['mlp', 'mlp', 'mlp', 407_050, 40_000], ['attention', 'vit', 'vit', 205_000, 1500],
  ]) {
    for (const width of [0.25, 0.5, 1, 2, 4]) {
      const metrics = metricsOf(draw, {
        accuracy: 0.8 + 0.1 * draw(), latency: 1000 / (rate / width ** 1.4), params: Math.round(size * width ** 1.9), macs: Math.round(4e6 * width ** 2),
      });
      const half = metrics.throughput_per_s * 0.05;
      Object.assign(metrics, { throughput_per_s_ci_low: metrics.throughput_per_s - half, throughput_per_s_ci_high: metrics.throughput_per_s + half });
      const params = { 'model.width': width, ...(group === 'residual' && { 'model.name': model }) };
      trials.push({ id: trials.length + 1, group, params, metrics, ...kTrial, model, family });
    }
  }
  markPareto(trials);
  return {
    id, name: 'width-depth', state: 'succeeded', submitted_at: '2026-02-05T08:00:00Z', finished_at: '2026-02-05T09:00:00Z',
    objectives: { accuracy: 'max', throughput_per_s: 'max' }, trials,
  };
}

// Of three that end a rung one goes on: rungs after 1, 3 and 9 epochs. The last trial is still on its way.
export function halving(id = 7, size = 27, finished = true) {
  const draw = random(3);
  const trials = [];
  for (let index = 0; index < size; index += 1) {
    const rung = index % 9 === 0 ? 3 : index % 3 === 0 ? 2 : 1;
    const reach = 0.7 + 0.05 * rung + 0.08 * draw();
    const rungs = [1, 3, 9].slice(0, rung).map((epochs, at) => ({ rung: at + 1, epochs, value: reach - 0.2 / (at + 1) + 0.02 * draw() }));
    const metrics = rung === 3 ? metricsOf(draw, { accuracy: rungs[2].value, latency: 0.1 + draw(), params: 61_706, macs: 416_520 }) : {};
    trials.push({ id: index + 1, group: 'searched', params: { 'train.learning_rate': Number((0.1 * draw()).toPrecision(3)) }, metrics, ...kTrial, rung, rungs });
  }
  if (!finished) {
    const last = trials[size - 1];
    Object.assign(last, { state: 'running', rungs: [{ rung: 1, epochs: 1, value: null }] });
  }
  if (finished) for (const trial of trials) if (trial.rung < 3) trial.reason = `stopped at rung ${trial.rung} of 3`;
  markPareto(trials);
  const up = [1, 2, 3].map((rung) => trials.filter((trial) => trial.rung >= rung).length);
  const search = { strategy: 'halving', metric: 'accuracy', wanted: size, trials: size, generation: null, rungs: up, finished, failure: null };
  return { id, name: 'halving', state: finished ? 'succeeded' : 'running', submitted_at: '2026-02-06T08:00:00Z', search, trials };
}

export function evolution(id = 8) {
  const draw = random(13);
  const trials = [];
  const generations = [];
  for (let generation = 1; generation <= 6; generation += 1) {
    for (let index = 0; index < 8; index += 1) {
      const width = 0.25 + 3 * draw();
      const metrics = metricsOf(draw, { accuracy: 0.8 + 0.012 * generation + 0.05 * draw(), latency: 0.3 * width, params: Math.round(60_000 * width), macs: 400_000 });
      trials.push({ id: trials.length + 1, group: 'evolved', params: { 'model.width': Number(width.toFixed(3)) }, metrics, ...kTrial, generation });
    }
    generations.push({
      group_name: 'evolved', generation, trials: trials.length, feasible: trials.length - 3, front: 3 + generation,
      hypervolume: 0.6 + 0.5 * (1 - 0.6 ** (generation - 1)),
    });
  }
  markPareto(trials);
  const search = { strategy: 'nsga2', metric: null, wanted: 80, trials: 48, generation: 6, rungs: null, finished: false, failure: null };
  return { id, name: 'evolution', state: 'running', submitted_at: '2026-02-07T08:00:00Z', search, generations, trials };
}
