// What is known of a metric by its name: its numbers as text, and its interval. Pure.

import type { Trial } from '../api/types';
import { bytes, count, digits, kUnmeasured, percent, signedPoints } from '../format';

export function metricText(name: string, value: number | null): string {
  if (value === null) return kUnmeasured;
  if (name.endsWith('_bytes')) return bytes(value);
  if (name === 'params' || name === 'macs' || name === 'flops') return count(value);
  if (name === 'accuracy' || name === 'sparsity') return percent(value, 2);
  if (name === 'speedup') return `${value.toFixed(2)}×`;
  if (name === 'gain') return `${signedPoints(value)} points`;
  if (name.endsWith('_ms')) return `${digits(value)} ms`;
  if (name.endsWith('_j')) return `${digits(value)} J`;
  if (name.endsWith('_per_s')) return `${rate(value)} /s`;
  return digits(value);
}

export function rate(value: number): string {
  return Math.abs(value) < 999.5 ? digits(value) : count(value);
}

// The 95 % interval; null as long as it isn't known.
export function intervalOf(trial: Trial, name: string): readonly [number, number] | null {
  const stem = name.replace(/_p50_ms$/, '');
  const unit = stem === name ? '' : '_ms';
  const [low, high] = [trial.metrics[`${stem}_ci_low${unit}`], trial.metrics[`${stem}_ci_high${unit}`]];
  return low == null || high == null ? null : [low, high];
}
