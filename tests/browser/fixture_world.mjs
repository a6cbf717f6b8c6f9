// A coordinator's state as docs/how-it-works.md shapes it, made up but plausible, from a seed.

export function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

export function metricsOf(draw, { accuracy, latency, params, macs, sparsity = 0, bytesPerWeight = 4, speedup, gain }) {
  const half = 1.96 * Math.sqrt((accuracy * (1 - accuracy)) / 2000);
  const p50 = latency * (0.98 + 0.04 * draw());
  const metrics = {
    accuracy,
    accuracy_ci_low: accuracy - half,
    accuracy_ci_high: accuracy + half,
    loss: (1 - accuracy) * 2.9,
    params,
    macs,
    size_bytes: Math.round(params * bytesPerWeight + 9000),
    sparsity,
    latency_p50_ms: p50,
    latency_p90_ms: p50 * 1.06,
    latency_ci_low_ms: p50 * 0.991,
    latency_ci_high_ms: p50 * 1.012,
    throughput_per_s: 1000 / p50,
    peak_rss_bytes: 181_000_000,
    energy_j: null,
  };
  if (speedup !== undefined) {
    Object.assign(metrics, { speedup, speedup_ci_low: speedup * 0.98, speedup_ci_high: speedup * 1.02 });
  }
  if (gain !== undefined) {
    Object.assign(metrics, { gain, gain_ci_low: gain - 0.006, gain_ci_high: gain + 0.006 });
  }
  return metrics;
}

function counts(trials) {
  const of = (state) => trials.filter((trial) => trial.state === state).length;
  return {
    total: trials.length,
    succeeded: of('succeeded'),
    failed: of('failed'),
    cancelled: of('cancelled'),
    running: of('running'),
    waiting: of('waiting'),
  };
}

function ended(trials) {
  return trials.filter((trial) => !['waiting', 'running'].includes(trial.state)).length;
}

function dominates(a, b) {
  const [m, n] = [a.metrics, b.metrics];
  return (
    m.accuracy >= n.accuracy && m.latency_p50_ms <= n.latency_p50_ms &&
    (m.accuracy > n.accuracy || m.latency_p50_ms < n.latency_p50_ms)
  );
}

export function markPareto(trials) {
  const measured = trials.filter((trial) => trial.state === 'succeeded' && trial.metrics.accuracy != null && trial.metrics.latency_p50_ms != null);
  for (const trial of trials) trial.pareto = measured.includes(trial) && !measured.some((other) => dominates(other, trial));
}

export function summary(job) {
  const names = [...new Set(job.trials.map((trial) => trial.group))];
  const finished = ended(job.trials);
  return {
    id: job.id,
    name: job.name,
    description: job.description ?? '',
    state: job.state,
    submitted_at: job.submitted_at,
    finished_at: job.finished_at ?? null,
    trials: counts(job.trials),
    tasks: {
      total: job.trials.length * 3,
      executed: finished * 2,
      reused: finished,
      running: job.state === 'running' ? 1 : 0,
      failed: counts(job.trials).failed,
    },
    progress: job.trials.length === 0 ? 1 : finished / job.trials.length,
    eta_s: job.state === 'running' ? (job.trials.length - finished) * 9.5 : null,
    groups: names.map((name) => {
      const own = job.trials.filter((trial) => trial.group === name);
      return { name, trials: counts(own), progress: ended(own) / own.length };
    }),
    ...(job.search && { search: job.search }),
  };
}

export function document(job) {
  return {
    job: summary(job),
    objectives: job.objectives ?? { accuracy: 'max', latency_p50_ms: 'min' },
    constraints: { accuracy: '>= 0.8' },
    trials: job.trials,
    ...(job.generations && { generations: job.generations }),
  };
}

export const kTrial = { state: 'succeeded', reason: null, pareto: false };

// Twenty-two trials of every kind: measured, unmeasurable, failed, running, waiting.
export function quickstart(id = 3) {
  const draw = random(7);
  const trials = [];
  const add = (group, params, metrics, more = {}) =>
    trials.push({ id: id * 1000 + trials.length + 1, group, params, metrics, ...kTrial, ...more });
  for (const [name, base, slow] of [['lenet5', 0.874, 0.11], ['resnet8', 0.902, 0.62], ['mobilenet-xs', 0.889, 0.38]]) {
    for (const width of [0.5, 1, 2]) {
      add('architectures', { 'model.name': name, 'model.width': width }, metricsOf(draw, {
        accuracy: base + 0.012 * Math.log2(width), latency: slow * width ** 1.3, params: Math.round(61_706 * width ** 2), macs: Math.round(416_520 * width ** 2),
      }));
    }
  }
  // [1.003, 1.043] and [2.26, 2.36]
  for (const [method, speedup, speedup_verdict] of [['dynamic', 1.023, "can't tell"], ['static', 2.31, 'faster']]) {
    add('int8', { 'quantize.method': method }, metricsOf(draw, {
      accuracy: 0.871, latency: 0.11 / speedup, params: 61_706, macs: 416_520, bytesPerWeight: 1, speedup,
    }), { speedup_verdict });
  }
  add('int8', { 'quantize.method': 'qat' }, {}, { state: 'failed', reason: 'engine fbgemm is not in this LibTorch: it has qnnpack and onednn. Set quantize.engine to one of them.' });
  for (const amount of [0.2, 0.5, 0.8]) {
    add('pruned', { 'prune.amount': amount }, metricsOf(draw, {
      accuracy: 0.874 - 0.02 * amount ** 3, latency: 0.111, params: 61_706, macs: 416_520, sparsity: amount, speedup: 0.99,
    }));
  }
  add('distilled', { 'distill.temperature': 2 }, metricsOf(draw, { accuracy: 0.858, latency: 0.07, params: 15_738, macs: 120_000, gain: 0.002 }));
  add('distilled', { 'distill.temperature': 4 }, metricsOf(draw, { accuracy: 0.869, latency: 0.071, params: 15_738, macs: 120_000, gain: 0.013 }));
  trials.at(-1).metrics.speedup = null;
  add('distilled', { 'distill.temperature': 8 }, {}, { state: 'running' });
  for (const temperature of [12, 16, 20]) add('distilled', { 'distill.temperature': temperature }, {}, { state: 'waiting' });
  add('distilled', { 'distill.temperature': 24 }, { accuracy: 0.861, accuracy_ci_low: 0.846, accuracy_ci_high: 0.876 }, { state: 'running' });
  markPareto(trials);
  return {
    id, name: 'fashion-compression', description: 'Which small net should we ship?', state: 'running',
    submitted_at: '2026-02-03T10:20:00Z', trials,
  };
}

export function bigSweep(id = 9, size = 2000) {
  const draw = random(11);
  const trials = [];
  for (let index = 0; index < size; index += 1) {
    const amount = Math.round(draw() * 95) / 100;
    const width = [0.25, 0.5, 1, 2, 4][index % 5];
    trials.push({
      id: index + 1,
      group: ['magnitude', 'structured', 'random', 'int8'][index % 4],
      params: { 'prune.amount': amount, 'model.width': width, 'train.learning_rate': [0.01, 0.001, 0.0003][index % 3] },
      metrics: metricsOf(draw, {
        accuracy: 0.93 - 0.1 * amount ** 4 - 0.03 / width + 0.01 * draw(), latency: 0.08 * width ** 1.4 * (1 + draw()),
        params: Math.round(270_000 * width ** 2), macs: Math.round(40_000_000 * width ** 2), sparsity: amount, speedup: 0.9 + draw(),
      }),
      ...kTrial,
    });
  }
  markPareto(trials);
  return { id, name: 'big-sweep', state: 'running', submitted_at: '2026-02-04T08:00:00Z', trials };
}

export function hostile(id = 5) {
  const bomb = '<img src=x onerror="window.executed=1"><script>window.executed=1</script>';
  const trials = [
    { id: 1, group: bomb, params: { [bomb]: bomb }, metrics: metricsOf(random(1), { accuracy: 0.9, latency: 0.3, params: 10, macs: 10 }), ...kTrial },
    { id: 2, group: bomb, params: { [bomb]: 'x' }, metrics: {}, ...kTrial, state: 'failed', reason: bomb },
  ];
  markPareto(trials);
  return { id, name: bomb, description: bomb, state: 'failed', submitted_at: '2026-02-01T00:00:00Z', finished_at: '2026-02-01T00:03:20Z', trials };
}

export function world(jobs = [quickstart(3), finishedJob(2)]) {
  return {
    jobs,
    workers: [
      { name: 'local-1', device_class: 'cpu|AMD EPYC|avx2|t1|libtorch 1.13.1|onednn', slots: 2, state: 'alive', running: 2 },
      { name: 'rack-7', device_class: 'cpu|Intel Xeon|avx512|t1|libtorch 1.13.1|onednn', slots: 4, state: 'lost', running: 0 },
    ],
  };
}

export function finishedJob(id) {
  const job = quickstart(id);
  job.trials = job.trials.filter((trial) => trial.state === 'succeeded' && trial.group !== 'distilled');
  return { ...job, name: 'first-try', description: '', state: 'succeeded', submitted_at: '2026-02-02T09:00:00Z', finished_at: '2026-02-02T09:03:12Z' };
}
