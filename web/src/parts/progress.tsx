// A bar of one job or group: how far it is, and which share of its trials failed.

import type { JobState, TrialCounts } from '../api/types';
import { percent } from '../format';

export function Progress({ label, progress, trials, state }: {
  label: string;
  progress: number;
  trials: TrialCounts;
  state: JobState;
}) {
  const done = Math.min(1, Math.max(0, progress));
  const failed = trials.total > 0 ? Math.min(done, trials.failed / trials.total) : 0;
  return (
    <div
      class={`bar ${state}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(done * 100)}
      aria-valuetext={`${percent(done, 0)}, ${trials.succeeded} of ${trials.total} trials succeeded, ${trials.failed} failed`}
    >
      <span class="done" style={{ width: `${(done - failed) * 100}%` }} />
      {failed > 0 && <span class="failed" style={{ width: `${failed * 100}%` }} />}
    </div>
  );
}
