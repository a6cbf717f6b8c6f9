// The table's columns: what each shows, sorts by and is called. Pure.

import type { ParamValue, Trial } from '../api/types';
import { bytes, count, digits, kUnmeasured, param, percent, signedPoints, timeUnit, type TimeUnit } from '../format';
import { intervalOf, rate } from './metrics';
import { rungText, type Rungs } from './search';

// What stands in a cell. `note` is the second, quieter line.
export interface Cell {
  text: string;
  note?: string;
  title?: string;
  tone?: 'good' | 'bad' | 'weak';
}

// Lists compare element by element.
export type SortValue = number | string | null | undefined | readonly (number | string)[];

export interface Column {
  key: string;
  label: string;
  unit?: string;
  title: string;
  kind: 'group' | 'text' | 'state' | 'metric';
  firstDescending: boolean; // the better or more interesting end comes first
  value(trial: Trial): SortValue;
  cell(trial: Trial): Cell;
}

const kStateOrder = ['running', 'failed', 'waiting', 'succeeded', 'cancelled'];

function measured(
  trial: Trial,
  name: string,
  show: (value: number, low: number | null, high: number | null, trial: Trial) => Cell,
): Cell {
  const value = trial.metrics[name];
  if (value === undefined) return { text: '' };
  if (value === null) return { text: kUnmeasured, title: 'could not be measured', tone: 'weak' };
  const [low, high] = intervalOf(trial, name) ?? [null, null];
  return show(value, low, high, trial);
}

function metricColumn(
  key: string,
  label: string,
  title: string,
  firstDescending: boolean,
  show: (value: number, low: number | null, high: number | null, trial: Trial) => Cell,
  unit?: string,
): Column {
  const column: Column = {
    key,
    label,
    title,
    kind: 'metric',
    firstDescending,
    value: (trial) => trial.metrics[key],
    cell: (trial) => measured(trial, key, show),
  };
  if (unit !== undefined) column.unit = unit;
  return column;
}

function withNote(text: string, note: string | undefined): Cell {
  return note === undefined ? { text } : { text, note };
}

function interval(low: number | null, high: number | null, show: (value: number) => string): string | undefined {
  return low === null || high === null ? undefined : `[${show(low)}, ${show(high)}]`;
}

function accuracyCell(value: number, low: number | null, high: number | null): Cell {
  return withNote(percent(value), low === null || high === null ? undefined : `±${((high - low) * 50).toFixed(1)}`);
}

function speedupCell(value: number, low: number | null, high: number | null, trial: Trial): Cell {
  const cell = withNote(`${value.toFixed(2)}×`, interval(low, high, (bound) => bound.toFixed(2)));
  if (trial.speedup_verdict === "can't tell") {
    return { ...cell, tone: 'weak', title: 'The interval comes within half a percent of 1: whether it is faster can’t be told.' };
  }
  return cell;
}

// A distilled student against its teacherless twin, in points of accuracy.
function gainCell(value: number, low: number | null, high: number | null): Cell {
  const bounds = interval(low, high, signedPoints);
  const text = signedPoints(value);
  if (low === null || high === null) return { text };
  if (low <= 0 && high >= 0) {
    return {
      text: 'can’t tell',
      note: `${text} ${bounds ?? ''}`,
      tone: 'weak',
      title: 'The interval contains 0: whether the teacher helped can’t be told from this many samples.',
    };
  }
  return { text, note: bounds ?? '', tone: value > 0 ? 'good' : 'bad' };
}

export function latencyText(value: number, unit: TimeUnit): string {
  return digits(value * unit.perMs);
}

// Keys that take more than one value among the trials that have them.
export function varyingParams(trials: readonly Trial[]): string[] {
  const seen = new Map<string, Set<unknown>>();
  for (const trial of trials) {
    for (const [key, value] of Object.entries(trial.params)) {
      let values = seen.get(key);
      if (values === undefined) seen.set(key, (values = new Set()));
      values.add(typeof value === 'object' ? JSON.stringify(value) : value);
    }
  }
  return [...seen].filter(([, values]) => values.size > 1).map(([key]) => key);
}

function sortable(value: ParamValue): number | string {
  return typeof value === 'number' ? value : param(value);
}

function paramColumn(name: string): Column {
  const dot = name.lastIndexOf('.');
  return {
    key: `params.${name}`,
    label: name.slice(dot + 1),
    unit: name.slice(0, Math.max(0, dot)),
    title: `${name}, swept`,
    kind: 'text',
    firstDescending: false,
    value: (trial) => {
      const value = trial.params[name];
      return value === undefined ? undefined : sortable(value);
    },
    cell: (trial) => {
      const value = trial.params[name];
      return { text: value === undefined ? '' : param(value) };
    },
  };
}

// Groups that sweep different things would leave a wide table mostly empty: their values share one column.
function sharedParamColumn(names: readonly string[]): Column {
  const own = (trial: Trial) => names.filter((name) => trial.params[name] !== undefined);
  return {
    key: 'swept',
    label: 'Swept',
    title: 'What varies, and its value',
    kind: 'text',
    firstDescending: false,
    value: (trial) => own(trial).flatMap((name) => [name, sortable(trial.params[name] ?? null)]),
    cell: (trial) => {
      const keys = own(trial);
      if (keys.length === 0) return { text: '' };
      return {
        text: keys.map((name) => param(trial.params[name])).join(', '),
        note: keys.join(', '),
        title: keys.map((name) => `${name} ${param(trial.params[name])}`).join(', '),
      };
    },
  };
}

const kMostSparseColumns = 2;

function paramColumns(trials: readonly Trial[]): Column[] {
  const names = varyingParams(trials);
  const sparse = trials.some((trial) => names.some((name) => trial.params[name] === undefined));
  return sparse && names.length > kMostSparseColumns ? [sharedParamColumn(names)] : names.map(paramColumn);
}

export function latencyUnit(trials: readonly Trial[]): TimeUnit {
  let longest = 0;
  for (const trial of trials) longest = Math.max(longest, trial.metrics.latency_p50_ms ?? 0);
  return timeUnit(longest);
}

// `shown` decides which parameters are worth a column, all `trials` the rest. Throughput has one where it is an objective.
export function columnsFor(trials: readonly Trial[], shown: readonly Trial[], rungs: Rungs, objectives: Record<string, string>): Column[] {
  const unit = latencyUnit(trials);
  const latency = (value: number) => latencyText(value, unit);
  const columns: Column[] = [
    {
      key: 'group',
      label: 'Group',
      title: 'Group; a star marks the Pareto front',
      kind: 'group',
      firstDescending: false,
      value: (trial) => trial.group,
      cell: (trial) => ({ text: trial.group }),
    },
    ...paramColumns(shown),
    {
      key: 'state',
      label: 'State',
      title: 'State',
      kind: 'state',
      firstDescending: false,
      value: (trial) => kStateOrder.indexOf(trial.state),
      cell: (trial) => withNote(trial.state, rungText(trial, rungs) ?? undefined),
    },
    {
      key: 'pareto',
      label: 'Front',
      title: 'On the Pareto front: no other trial is better in every objective',
      kind: 'text',
      firstDescending: true,
      value: (trial) => (trial.pareto ? 1 : 0),
      cell: (trial) => (trial.pareto ? { text: '★', title: 'On the Pareto front' } : { text: '' }),
    },
    metricColumn('accuracy', 'Accuracy', 'Share of the validation set that is classified rightly, with the half-width of its 95 % interval in points', true, accuracyCell),
    metricColumn('latency_p50_ms', 'Latency', 'Median latency of a batch, with its 95 % interval', false,
      (value, low, high) => withNote(latency(value), interval(low, high, latency)), `p50, ${unit.name}`),
    ...(objectives.throughput_per_s === undefined ? [] : [metricColumn('throughput_per_s', 'Images/s', 'Images a second at the largest measured batch, with its 95 % interval', true,
      (value, low, high) => withNote(rate(value), interval(low, high, rate)))]),
    metricColumn('speedup', 'Speed-up', 'Against the same model before it was compressed, in its best fp32 form, with its 95 % interval', true, speedupCell),
    metricColumn('size_bytes', 'Size', 'Size of the file', false, (value) => ({ text: bytes(value), title: `${value} bytes` })),
    metricColumn('params', 'Params', 'Number of parameters', false, (value) => ({ text: count(value), title: String(value) })),
    metricColumn('macs', 'MACs', 'Multiply-accumulates for one sample', false, (value) => ({ text: count(value), title: String(value) })),
    metricColumn('sparsity', 'Sparsity', 'Share of weights that are zero', true, (value) => ({ text: percent(value) })),
  ];
  if (trials.some((trial) => trial.metrics.gain !== undefined)) {
    columns.push(metricColumn('gain', 'Gain', 'Accuracy of a distilled student minus that of the same net trained without the teacher, in percentage points, with its 95 % interval', true, gainCell, 'points'));
  }
  return columns;
}
