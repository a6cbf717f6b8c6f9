// Pure: how news is merged into what the page holds.

import type { JobSummary, Trial } from '../api/types';

export type Trials = ReadonlyMap<string, Trial>;

export function newestFirst(jobs: Iterable<JobSummary>): JobSummary[] {
  return [...jobs].sort(
    (a, b) =>
      b.submitted_at.localeCompare(a.submitted_at) || String(b.id).localeCompare(String(a.id), 'en', { numeric: true }),
  );
}

export function isFinished(job: JobSummary): boolean {
  return job.state === 'succeeded' || job.state === 'failed' || job.state === 'cancelled';
}

// A document that was asked for before `fresher` trials changed must not set them back. Trials that did not change
// keep their identity, so that the table knows which rows stood still.
export function mergeDocument(held: Trials, fetched: readonly Trial[], fresher: ReadonlySet<string>): Trials {
  const merged = new Map<string, Trial>();
  for (const trial of fetched) {
    const id = String(trial.id);
    const known = held.get(id);
    const keep = known !== undefined && (fresher.has(id) || JSON.stringify(known) === JSON.stringify(trial));
    merged.set(id, keep ? known : trial);
  }
  for (const id of fresher) {
    const known = held.get(id);
    if (known !== undefined && !merged.has(id)) merged.set(id, known);
  }
  return merged;
}
