import type { Trial } from '../api/types';

function field(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// RFC 4180, numbers in full and in the API's units; what could not be measured and what is absent are both empty.
export function toCsv(trials: readonly Trial[]): string {
  const params = [...new Set(trials.flatMap((trial) => Object.keys(trial.params)))];
  const metrics = [...new Set(trials.flatMap((trial) => Object.keys(trial.metrics)))];
  const header = ['trial_id', 'group_name', 'model', 'family', ...params, 'rung', 'generation', 'state', 'reason', 'pareto', ...metrics];
  const rows = trials.map((trial) => [
    trial.id,
    trial.group,
    trial.model,
    trial.family,
    ...params.map((key) => trial.params[key]),
    trial.rung,
    trial.generation,
    trial.state,
    trial.reason,
    trial.pareto,
    ...metrics.map((name) => trial.metrics[name]),
  ]);
  return [header, ...rows].map((row) => row.map(field).join(',') + '\r\n').join('');
}
