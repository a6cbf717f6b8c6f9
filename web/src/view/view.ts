// What the user looks at: job, order, filter, figure, selected trial. It lives in the URL's fragment, so a link or a reload
// brings back the same view.

import { signal } from '@preact/signals';

export interface View {
  job: string | null; // null: the newest one
  sort: { column: string; descending: boolean } | null; // null: as the job file orders them
  groups: string[]; // empty: all
  text: string;
  trial: string | null;
  x: string | null; // what the figure draws, by its keys; null: what suits the job
  y: string | null;
  colour: string | null;
  only: string[]; // of the colours, by their keys; empty: all
}

export function parseView(fragment: string): View {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  const sort = fields.get('sort');
  return {
    job: fields.get('job'),
    sort: sort ? { column: sort.replace(/^-/, ''), descending: sort.startsWith('-') } : null,
    groups: fields.getAll('group'),
    text: fields.get('q') ?? '',
    trial: fields.get('trial'),
    x: fields.get('x'),
    y: fields.get('y'),
    colour: fields.get('colour'),
    only: fields.getAll('only'),
  };
}

export function formatView(view: View): string {
  const fields = new URLSearchParams();
  if (view.job !== null) fields.set('job', view.job);
  if (view.sort !== null) fields.set('sort', (view.sort.descending ? '-' : '') + view.sort.column);
  for (const group of view.groups) fields.append('group', group);
  if (view.text !== '') fields.set('q', view.text);
  if (view.trial !== null) fields.set('trial', view.trial);
  for (const key of ['x', 'y', 'colour'] as const) if (view[key] !== null) fields.set(key, view[key]);
  for (const key of view.only) fields.append('only', key);
  return '#' + fields.toString();
}

export const view = signal(parseView(location.hash));

addEventListener('hashchange', () => { view.value = parseView(location.hash); });

// The trial under the pointer, in a figure or in the table; not worth a place in the URL.
export const pointedTrial = signal<string | null>(null);

export function changeView(change: Partial<View>): void {
  const next = { ...view.peek(), ...change };
  view.value = next;
  history.replaceState(null, '', formatView(next));
}

// Groups, text, trial and colours mean nothing in another job; order and figure do.
export function linkToJob(job: string): string {
  return formatView({ ...view.value, job, groups: [], text: '', trial: null, only: [] });
}
