// The open job: what it is, how far each group is. The groups are a filter and, where they are what the colours tell, the
// figures' legend at once.

import type { GroupSummary, JobState } from '../api/types';
import { dateTime, percent } from '../format';
import { connection, openJob, selectedJob, workers } from '../live/state';
import { colouring } from '../trials/shown';
import { kGroup } from '../trials/quantities';
import { changeView, view } from '../view/view';
import { timeText } from './job_list';
import { Mark } from './marks';
import { Progress } from './progress';
import { StateBadge } from './state_badge';

function toggleGroup(name: string): void {
  const groups = view.peek().groups;
  changeView({ groups: groups.includes(name) ? groups.filter((other) => other !== name) : [...groups, name] });
}

function GroupButton({ group, state }: { group: GroupSummary; state: JobState }) {
  const ended = group.trials.succeeded + group.trials.failed + group.trials.cancelled;
  const pressed = view.value.groups.includes(group.name);
  const { quantity, classes } = colouring.value;
  const own = quantity === kGroup ? classes.find(({ key }) => key === group.name) : undefined;
  return (
    <li>
      <button
        type="button"
        class="group-button"
        aria-pressed={pressed}
        title={pressed ? `Show the other groups too` : `Show ${group.name} only`}
        onClick={() => { toggleGroup(group.name); }}
      >
        <span class="line">
          {own !== undefined && <Mark index={own.index} />}
          <span class="name">{group.name}</span>
          {group.trials.failed > 0 && <span class="bad">{group.trials.failed} failed</span>}
          <span class="quiet end">{ended}/{group.trials.total}</span>
        </span>
        <Progress label={`${group.name}, progress`} progress={group.progress} trials={group.trials} state={state} />
      </button>
    </li>
  );
}

function Rules() {
  const open = openJob.value;
  if (open === null) return null;
  const objectives = Object.entries(open.objectives).map(([name, way]) => `${name} ${way}`);
  const constraints = Object.entries(open.constraints).map(([name, bound]) => `${name} ${bound}`);
  if (objectives.length + constraints.length === 0) return null;
  return (
    <p class="quiet">
      {objectives.length > 0 && <>Best: {objectives.join(', ')}. </>}
      {constraints.length > 0 && <>Only with {constraints.join(', ')}.</>}
    </p>
  );
}

function NobodyWorks() {
  const known = workers.value;
  const idle = known !== null && !known.some((worker) => worker.state === 'alive');
  if (selectedJob.value?.state !== 'running' || !idle || connection.value.kind !== 'live') return null;
  return <p class="bad">No worker is alive, so nothing runs. Start one with <code>espalier-worker</code>.</p>;
}

export function JobHead() {
  const job = selectedJob.value;
  if (job === null) return null;
  const { tasks } = job;
  return (
    <section class="card head" aria-label="Job">
      <div class="line wrap">
        <h2>{job.name}</h2>
        <StateBadge state={job.state} />
        <span class="quiet">job {job.id}, submitted {dateTime(job.submitted_at)}</span>
        <span class="end strong">
          {job.state === 'running' && `${percent(job.progress, 0)} · `}
          {timeText(job)}
        </span>
      </div>
      {job.description !== null && job.description !== '' && <p>{job.description}</p>}
      <Progress label="Job, progress" progress={job.progress} trials={job.trials} state={job.state} />
      <p class="counts">
        <span><b>{tasks.executed}</b> executed</span>
        <span title="Their results were known already"><b>{tasks.reused}</b> reused</span>
        <span class={tasks.failed > 0 ? 'bad' : ''}><b>{tasks.failed}</b> failed</span>
        <span><b>{tasks.running}</b> running</span>
        <span class="quiet">of {tasks.total} tasks</span>
      </p>
      <NobodyWorks />
      <Rules />
      <ul class="groups" aria-label="Groups: progress, legend and filter">
        {job.groups.map((group) => <GroupButton key={group.name} group={group} state={job.state} />)}
      </ul>
    </section>
  );
}
