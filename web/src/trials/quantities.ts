// What a figure can put on an axis or tell by colour: what was measured, what was swept, what a trial is. Pure.

import type { Trial } from '../api/types';
import { bytes, count, digits, param, percent, tidy, type TimeUnit } from '../format';
import { varyingParams } from './columns';
import { intervalOf, metricText, rate } from './metrics';

export type Value = number | string;

export interface Quantity {
  key: string; // as the table's columns have it, and the URL
  label: string;
  kind: 'measured' | 'swept' | 'trial';
  numeric: boolean;
  bounds: readonly [number, number];
  leastPad: number; // around what an axis shows
  of: (trial: Trial) => Value | null; // null: it has none, or it could not be measured
  interval: (trial: Trial) => readonly [number, number] | null;
  text: (value: Value) => string; // without the unit
  unit: string;
  tick: (value: number, step: number) => string; // step: from one tick to the next
}

const kEverything = [-Infinity, Infinity] as const;
const kPositive = [0, Infinity] as const;
const kShare = [0, 1] as const;

function percentTick(value: number, step: number): string {
  return percent(value, step >= 0.00999 ? 0 : step >= 0.000999 ? 1 : 2);
}

function pointsTick(value: number, step: number): string {
  return (value * 100).toFixed(step >= 0.00999 ? 0 : 1).replace('-', '−');
}

function plainTick(value: number): string {
  return String(Number(value.toPrecision(6))).replace('-', '−');
}

interface Measure {
  label: string;
  bounds?: readonly [number, number];
  leastPad?: number;
  tick?: (value: number, step: number) => string;
}

const kMeasures: Record<string, Measure> = {
  accuracy: { label: 'Accuracy', bounds: kShare, leastPad: 0.01, tick: percentTick },
  latency_p50_ms: { label: 'Latency p50' },
  latency_p90_ms: { label: 'Latency p90' },
  throughput_per_s: { label: 'Images/s', tick: (value) => tidy(count(value)) },
  speedup: { label: 'Speed-up', tick: (value) => `${plainTick(value)}×` },
  params: { label: 'Parameters', tick: (value) => tidy(count(value)) },
  macs: { label: 'MACs', tick: (value) => tidy(count(value)) },
  size_bytes: { label: 'Size', tick: (value) => tidy(bytes(value)) },
  sparsity: { label: 'Sparsity', bounds: kShare, leastPad: 0.01, tick: percentTick },
  gain: { label: 'Gain, points', bounds: kEverything, leastPad: 0.002, tick: pointsTick },
  loss: { label: 'Loss' },
  peak_rss_bytes: { label: 'Peak memory', tick: (value) => tidy(bytes(value)) },
  energy_j: { label: 'Energy, J' },
};

// Latencies are all in the one unit that the table has, too.
export function measuredQuantity(name: string, unit: TimeUnit): Quantity {
  const measure = kMeasures[name] ?? { label: name };
  const perMs = name.endsWith('_ms') ? unit.perMs : null;
  return {
    key: name,
    label: perMs === null ? measure.label : `${measure.label}, ${unit.name}`,
    kind: 'measured',
    numeric: true,
    bounds: measure.bounds ?? kPositive,
    leastPad: measure.leastPad ?? 0,
    of: (trial) => trial.metrics[name] ?? null,
    interval: (trial) => intervalOf(trial, name),
    text: (value) => {
      if (perMs !== null) return digits(Number(value) * perMs);
      if (name === 'throughput_per_s') return rate(Number(value));
      return measure.bounds === kShare ? (Number(value) * 100).toFixed(2) : metricText(name, Number(value));
    },
    unit: perMs !== null ? ` ${unit.name}` : name === 'throughput_per_s' ? ' /s' : measure.bounds === kShare ? ' %' : '',
    tick: perMs === null ? (measure.tick ?? plainTick) : (value) => plainTick(value * perMs),
  };
}

function choice(key: string, label: string, kind: Quantity['kind'], of: (trial: Trial) => Value | null): Quantity {
  return { key, label, kind, numeric: false, bounds: kEverything, leastPad: 0, of, interval: () => null, text: String, unit: '', tick: String };
}

// A number that was set, so that a few values are all there are.
export function numberQuantity(key: string, label: string, of: (trial: Trial) => number | null): Quantity {
  const plain = (value: Value) => plainTick(Number(value));
  return { ...choice(key, label, 'swept', of), numeric: true, text: plain, tick: plain };
}

function sweptQuantity(name: string, trials: readonly Trial[]): Quantity {
  const key = `params.${name}`;
  const numeric = trials.every((trial) => ['number', 'undefined'].includes(typeof trial.params[name]));
  if (!numeric) {
    return choice(key, name, 'swept', (trial) => (trial.params[name] === undefined ? null : param(trial.params[name])));
  }
  return numberQuantity(key, name, (trial) => (trial.params[name] as number | undefined) ?? null);
}

function differs(trials: readonly Trial[], quantity: Quantity): boolean {
  const values = new Set<Value | null>();
  return trials.some((trial) => values.add(quantity.of(trial)).size > 1);
}

export const kGroup = choice('group', 'Group', 'trial', (trial) => trial.group);
const kFamily = choice('family', 'Family', 'trial', (trial) => trial.family ?? null);
const kModel = choice('model', 'Net', 'trial', (trial) => trial.model ?? null);

// `always`: metrics that are offered before any trial has them.
export function quantitiesOf(trials: readonly Trial[], unit: TimeUnit, always: readonly string[]): Quantity[] {
  const measured = Object.keys(kMeasures)
    .map((name) => measuredQuantity(name, unit))
    .filter((quantity) => always.includes(quantity.key) || trials.some((trial) => quantity.of(trial) !== null));
  const swept = varyingParams(trials).map((name) => sweptQuantity(name, trials));
  return [...measured, ...swept, kGroup, ...[kFamily, kModel].filter((quantity) => differs(trials, quantity))];
}

// Without the unit that an axis has beside it.
export function nameOf(quantity: Quantity): string {
  return quantity.label.replace(/, [^ ]+$/, '');
}

export interface Figure {
  x: string;
  y: string;
  colour: string;
}

// Where speed is what the job looks for, nets of all sizes are compared by it; else it is what accuracy costs.
export function defaultFigure(objectives: Record<string, string>): Figure {
  return objectives.throughput_per_s === undefined
    ? { x: 'latency_p50_ms', y: 'accuracy', colour: 'group' }
    : { x: 'params', y: 'throughput_per_s', colour: 'family' };
}
