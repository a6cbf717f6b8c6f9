// Which trials the table and the plot show, and in what order. Pure.

import type { Trial } from '../api/types';
import { param, params } from '../format';
import type { View } from '../view/view';
import type { Column, SortValue } from './columns';

const kCollator = new Intl.Collator('en', { numeric: true });

function compareValues(a: SortValue, b: SortValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
      const order = compareValues(a[index], b[index]);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  return kCollator.compare(String(a), String(b));
}

// Every word must occur in the trial's group, params, state, reason or number.
export function matches(trial: Trial, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const pairs = Object.entries(trial.params).map(([key, value]) => `${key}=${param(value)}`);
  const text = `${trial.id} ${trial.group} ${params(trial.params)} ${pairs.join(' ')} ${trial.state} ${trial.reason ?? ''} ${trial.pareto ? 'pareto front' : ''}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

export function filterTrials(trials: Iterable<Trial>, filter: Pick<View, 'groups' | 'text'>): Trial[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter((word) => word !== '');
  return [...trials].filter(
    (trial) => (filter.groups.length === 0 || filter.groups.includes(trial.group)) && matches(trial, words),
  );
}

// Trials without a value come last in both directions; equal ones keep their order.
export function sortTrials(trials: readonly Trial[], columns: readonly Column[], sort: View['sort']): Trial[] {
  const column = columns.find((candidate) => candidate.key === sort?.column);
  if (column === undefined || sort === null) return [...trials];
  const direction = sort.descending ? -1 : 1;
  return trials
    .map((trial) => ({ trial, value: column.value(trial) }))
    .sort((a, b) => {
      const [noA, noB] = [a.value == null, b.value == null];
      if (noA || noB) return Number(noA) - Number(noB);
      return direction * compareValues(a.value, b.value);
    })
    .map(({ trial }) => trial);
}

// First press: the column's interesting end first; second: the other; third: the job's own order again.
export function nextSort(current: View['sort'], column: Column): View['sort'] {
  if (current?.column !== column.key) return { column: column.key, descending: column.firstDescending };
  if (current.descending === column.firstDescending) return { column: column.key, descending: !current.descending };
  return null;
}
