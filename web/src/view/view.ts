// What the user looks at: job, order, filter, selected trial. It lives in the URL's fragment, so a link or a reload
// brings back the same view.

import { signal } from '@preact/signals';

export interface View {
  job: string | null; // null: the newest one
  sort: { column: string; descending: boolean } | null; // null: as the job file orders them
  groups: string[]; // empty: all
  text: string;
  trial: string | null;
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
  };
}

export function formatView(view: View): string {
  const fields = new URLSearchParams();
  if (view.job !== null) fields.set('job', view.job);
  if (view.sort !== null) fields.set('sort', (view.sort.descending ? '-' : '') + view.sort.column);
  for (const group of view.groups) fields.append('group', group);
  if (view.text !== '') fields.set('q', view.text);
  if (view.trial !== null) fields.set('trial', view.trial);
  return '#' + fields.toString();
}

export const view = signal(parseView(location.hash));

addEventListener('hashchange', () => { view.value = parseView(location.hash); });

// The trial under the pointer, in the plot or in the table; not worth a place in the URL.
export const pointedTrial = signal<string | null>(null);

export function changeView(change: Partial<View>): void {
  const next = { ...view.peek(), ...change };
  view.value = next;
  history.replaceState(null, '', formatView(next));
}

// Groups, text and trial mean nothing in another job; the order does.
export function linkToJob(job: string): string {
  return formatView({ job, sort: view.value.sort, groups: [], text: '', trial: null });
}
