import type { JobSummary } from '../api/types';
import { clock, duration, percent, shortDate } from '../format';
import { connection, jobs, lastHeard, selectedId } from '../live/state';
import { linkToJob } from '../view/view';
import { Progress } from './progress';
import { StateBadge } from './state_badge';

export function timeText(job: JobSummary): string {
  if (job.state === 'running' && connection.value.kind === 'lost') return `as of ${clock(lastHeard.value ?? Date.now())}`;
  if (job.state === 'running') return job.eta_s === null ? 'time left not known yet' : `about ${duration(job.eta_s)} left`;
  if (job.finished_at === null) return '';
  return `took ${duration((Date.parse(job.finished_at) - Date.parse(job.submitted_at)) / 1000)}`;
}

function trialText({ trials }: JobSummary): string {
  const ended = trials.succeeded + trials.failed + trials.cancelled;
  return `${ended}/${trials.total} trials`;
}

function JobItem({ job }: { job: JobSummary }) {
  const id = String(job.id);
  return (
    <li>
      <a class="job-item" href={linkToJob(id)} aria-current={id === selectedId.value ? 'page' : undefined}>
        <span class="line">
          <b class="name" title={job.name}>{job.name}</b>
          <StateBadge state={job.state} />
        </span>
        <Progress label={`${job.name}, progress`} progress={job.progress} trials={job.trials} state={job.state} />
        <span class="line quiet">
          <span>
            {job.state === 'running' && `${percent(job.progress, 0)} · `}
            {trialText(job)}
          </span>
          {job.trials.failed > 0 && <span class="bad">{job.trials.failed} failed</span>}
          <span class="end">{job.state === 'running' && job.eta_s !== null && connection.value.kind !== 'lost' ? `${duration(job.eta_s)} left` : shortDate(job.submitted_at)}</span>
        </span>
      </a>
    </li>
  );
}

export function JobList() {
  return (
    <nav class="jobs" aria-label="Jobs">
      <h2>Jobs</h2>
      <ul>
        {(jobs.value ?? []).map((job) => <JobItem key={String(job.id)} job={job} />)}
      </ul>
    </nav>
  );
}
