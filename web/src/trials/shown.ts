// The open job's trials as signals, derived once for the figures, the table and the export. A signal that is an array
// or a word of the view stops what depends on it from changing with all the rest of the view.

import { computed } from '@preact/signals';

import { openJob, selectedJob } from '../live/state';
import { view } from '../view/view';
import { colouringBy } from './colouring';
import { columnsFor, latencyUnit } from './columns';
import { aimsOf } from './front';
import { defaultFigure, kGroup, measuredQuantity, quantitiesOf } from './quantities';
import { filterTrials, sortTrials } from './rows';
import { rungsOf } from './search';

const groups = computed(() => view.value.groups);
const text = computed(() => view.value.text);
const sort = computed(() => view.value.sort);
const only = computed(() => view.value.only);
const trials = computed(() => openJob.value?.trials);
const objectives = computed(() => openJob.value?.objectives ?? {});
const toldRungs = computed(() => selectedJob.value?.search?.rungs?.length);

export const allTrials = computed(() => [...(trials.value?.values() ?? [])]);
export const unit = computed(() => latencyUnit(allTrials.value));
export const rungs = computed(() => rungsOf(allTrials.value, toldRungs.value));
export const columns = computed(() =>
  columnsFor(allTrials.value, filterTrials(allTrials.value, { groups: groups.value, text: '' }), rungs.value, objectives.value),
);

// A group keeps its colour and shape whatever is filtered, because they follow the job's own order.
const groupNames = computed(() => selectedJob.value?.groups.map((group) => group.name) ?? []);

const usual = computed(() => defaultFigure(objectives.value));
export const quantities = computed(() => quantitiesOf(allTrials.value, unit.value, [usual.value.x, usual.value.y]));

// What the URL names and this job doesn't have gives way to what suits the job.
function chosen(key: 'x' | 'y' | 'colour') {
  const known = (name: string | null) => quantities.value.find((quantity) => quantity.key === name);
  return known(view.value[key]) ?? known(usual.value[key]) ?? (key === 'colour' ? kGroup : measuredQuantity(usual.value[key], unit.value));
}
const colour = computed(() => chosen('colour').key);
export const figureX = computed(() => chosen('x'));
export const figureY = computed(() => chosen('y'));
export const colouring = computed(() => {
  const quantity = quantities.value.find(({ key }) => key === colour.value) ?? kGroup;
  return colouringBy(quantity, allTrials.value, quantity === kGroup ? groupNames.value : []);
});
export const aims = computed(() => aimsOf(objectives.value, figureX.value.key, figureY.value.key));

export const filtered = computed(() => {
  const found = filterTrials(allTrials.value, { groups: groups.value, text: text.value });
  if (only.value.length === 0) return found;
  const { classOf, classes } = colouring.value;
  const keys = only.value.filter((key) => classes.some((known) => known.key === key));
  if (keys.length === 0) return found;
  return found.filter((trial) => keys.includes(classOf(trial).key));
});
export const rows = computed(() => sortTrials(filtered.value, columns.value, sort.value));

export const selectedTrial = computed(() =>
  view.value.trial === null ? null : (trials.value?.get(view.value.trial) ?? null),
);
