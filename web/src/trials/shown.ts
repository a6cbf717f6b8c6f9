// The open job's trials as signals, derived once for the plot, the table and the export.

import { computed } from '@preact/signals';

import { openJob, selectedJob } from '../live/state';
import { view } from '../view/view';
import { columnsFor, latencyUnit } from './columns';
import { filterTrials, sortTrials } from './rows';

export const allTrials = computed(() => [...(openJob.value?.trials.values() ?? [])]);
export const columns = computed(() => {
  const { groups } = view.value;
  return columnsFor(allTrials.value, filterTrials(allTrials.value, { groups, text: '' }));
});
export const unit = computed(() => latencyUnit(allTrials.value));
export const filtered = computed(() => filterTrials(allTrials.value, view.value));
export const rows = computed(() => sortTrials(filtered.value, columns.value, view.value.sort));

// A group keeps its colour and shape whatever is filtered, because they follow the job's own order.
export const groupOrder = computed(() => {
  const names = selectedJob.value?.groups.map((group) => group.name) ?? [];
  for (const trial of allTrials.value) if (!names.includes(trial.group)) names.push(trial.group);
  return new Map(names.map((name, index) => [name, index]));
});

export const selectedTrial = computed(() =>
  view.value.trial === null ? null : (openJob.value?.trials.get(view.value.trial) ?? null),
);
