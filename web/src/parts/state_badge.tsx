import type { JobState, TrialState } from '../api/types';
import { connection } from '../live/state';

// What was running when the connection broke is not known to run now.
export function StateBadge({ state }: { state: JobState | TrialState }) {
  const unsure = state === 'running' && connection.value.kind === 'lost';
  return <span class={`badge ${unsure ? 'unsure' : state}`}>{unsure ? 'was running' : state}</span>;
}
