import { useSignalEffect } from '@preact/signals';

import { percent } from '../format';
import { connection, jobs, openJob, problem, selectedId, selectedJob } from '../live/state';
import { needsToken } from '../live/session';
import { changeView, view } from '../view/view';
import { Details } from './details';
import { Header } from './header';
import { JobHead } from './job_head';
import { JobList } from './job_list';
import { Empty, Problem } from './notices';
import { Scatter } from './scatter';
import { SearchCard } from './search_card';
import { SignIn } from './sign_in';
import { TableTools } from './table_tools';
import { TrialTable } from './trial_table';

function title(): string {
  const job = selectedJob.value;
  if (job === null) return 'Espalier';
  const state = job.state === 'running' ? percent(job.progress, 0) : job.state;
  return `${state} · ${job.name} – Espalier`;
}

function closeOnEscape(event: KeyboardEvent): void {
  if (event.key === 'Escape' && view.peek().trial !== null) changeView({ trial: null });
}

function Body() {
  if (needsToken.value) return <SignIn />;
  if (jobs.value === null) return problem.value === null ? <p class="quiet pad">Asking the coordinator…</p> : null;
  if (jobs.value.length === 0) return <Empty />;
  const missing = problem.value?.status === 404 && openJob.value?.loaded !== true;
  return (
    <div class="layout">
      <JobList />
      {selectedJob.value !== null && !missing && (
        <main class="job" key={selectedId.value ?? ''}>
          <div class="upper">
            <JobHead />
            <div class="overview">
              <Scatter />
              <Details />
            </div>
            <SearchCard />
          </div>
          <section class="card trials" aria-label="Trials">
            <TableTools />
            <TrialTable />
          </section>
        </main>
      )}
    </div>
  );
}

export function Page() {
  useSignalEffect(() => { document.title = title(); });
  return (
    <div class={connection.value.kind === 'lost' ? 'page stale' : 'page'} onKeyDown={closeOnEscape}>
      <Header />
      <Problem />
      <Body />
    </div>
  );
}
