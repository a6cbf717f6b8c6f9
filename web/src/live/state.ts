// What the page knows, as signals, and how it is kept fresh. The stream tells changes; documents are fetched when a
// job is opened, when the stream is (re)opened, and now and then while the Pareto set may have moved.

import { batch, computed, effect, signal } from '@preact/signals';

import { fetchJob, fetchJobs, fetchWorkers, RequestError } from '../api/requests';
import type { Generation, Id, JobSummary, Trial, Worker } from '../api/types';
import { view } from '../view/view';
import { Feed, type Connection } from './feed';
import { checkSession, needsToken, session } from './session';
import { isFinished, mergeDocument, newestFirst, type Trials } from './merge';

export interface OpenJob {
  id: string;
  objectives: Record<string, string>;
  constraints: Record<string, string>;
  trials: Trials;
  generations: readonly Generation[] | null; // null: the coordinator doesn't tell
  loaded: boolean;
}

export const connection = signal<Connection>({ kind: 'connecting' });
export const lastHeard = signal<number | null>(null);
export const workers = signal<Worker[] | null>(null);
export const openJob = signal<OpenJob | null>(null);
export const problem = signal<RequestError | null>(null);

const jobsById = signal<ReadonlyMap<string, JobSummary> | null>(null);
export const jobs = computed(() => (jobsById.value === null ? null : newestFirst(jobsById.value.values())));

// The job in the URL, or else the newest one.
export const selectedId = computed(() => {
  const newest = jobs.value?.[0];
  return view.value.job ?? (newest === undefined ? null : String(newest.id));
});
export const selectedJob = computed(() =>
  selectedId.value === null ? null : (jobsById.value?.get(selectedId.value) ?? null),
);

const kFlushMs = 80;
let pendingJobs: JobSummary[] = [];
let pendingTrials: Trial[] = [];
let flushTimer = 0;

let loading: AbortController | null = null;
let changedWhileLoading = new Set<string>();
let jobsChangedWhileListing = new Set<string>();
let refreshTimer = 0;

function tell(error: unknown): void {
  const told = asError(error);
  if (told.status === 401) needsToken.value = true; // the form says so
  else problem.value = told;
}

function asError(error: unknown): RequestError {
  return error instanceof RequestError ? error : new RequestError(0, String(error));
}

function putJobs(news: readonly JobSummary[]): void {
  const next = new Map(jobsById.value ?? []);
  for (const job of news) {
    next.set(String(job.id), job);
    jobsChangedWhileListing.add(String(job.id));
  }
  jobsById.value = next;
}

async function loadJob(id: Id): Promise<void> {
  loading?.abort();
  clearTimeout(refreshTimer);
  refreshTimer = 0;
  const mine = new AbortController();
  loading = mine;
  changedWhileLoading = new Set();
  try {
    const fetched = await fetchJob(id, mine.signal);
    if (loading !== mine) return;
    flush();
    const held = openJob.peek()?.id === String(id) ? (openJob.peek()?.trials ?? new Map<string, Trial>()) : new Map<string, Trial>();
    batch(() => {
      openJob.value = {
        id: String(id),
        objectives: fetched.objectives,
        constraints: fetched.constraints,
        trials: mergeDocument(held, fetched.trials, changedWhileLoading),
        generations: fetched.generations ?? null,
        loaded: true,
      };
      putJobs([fetched.job]);
      problem.value = null;
    });
  } catch (error) {
    if (loading === mine) tell(error);
  } finally {
    if (loading === mine) loading = null;
  }
}

async function loadLists(): Promise<void> {
  jobsChangedWhileListing = new Set();
  try {
    const [allJobs, allWorkers] = await Promise.all([fetchJobs(), fetchWorkers()]);
    batch(() => {
      const held = jobsById.peek();
      const listed = new Map(allJobs.map((job) => [String(job.id), job]));
      for (const id of jobsChangedWhileListing) {
        const fresher = held?.get(id);
        if (fresher !== undefined) listed.set(id, fresher);
      }
      jobsById.value = listed;
      workers.value = allWorkers;
      if (problem.peek()?.status !== 404) problem.value = null;
    });
  } catch (error) {
    tell(error);
  }
}

// A trial that ends can put others off the Pareto front without any event of theirs. The bigger the job, the rarer.
function refreshSoon(): void {
  const id = selectedId.peek();
  if (id === null || refreshTimer !== 0) return;
  const wait = Math.max(2000, (openJob.peek()?.trials.size ?? 0) * 10);
  refreshTimer = window.setTimeout(() => {
    refreshTimer = 0;
    if (selectedId.peek() === id) void loadJob(id);
  }, wait);
}

function flush(): void {
  clearTimeout(flushTimer);
  flushTimer = 0;
  const [newJobs, newTrials] = [pendingJobs, pendingTrials];
  pendingJobs = [];
  pendingTrials = [];
  batch(() => {
    lastHeard.value = Date.now();
    if (newJobs.length > 0) {
      const before = selectedJob.peek();
      putJobs(newJobs);
      const now = selectedJob.peek();
      if (before !== null && now !== null && isFinished(now) && !isFinished(before)) void loadJob(now.id);
    }
    const held = openJob.peek();
    if (newTrials.length > 0 && held !== null) {
      const trials = new Map(held.trials);
      for (const trial of newTrials) {
        const id = String(trial.id);
        if (loading !== null) changedWhileLoading.add(id);
        if (trial.state === 'succeeded' && trials.get(id)?.state !== 'succeeded') refreshSoon();
        trials.set(id, trial);
      }
      openJob.value = { ...held, trials };
    }
  });
}

function receive(name: string, data: unknown): void {
  if (name === 'workers') {
    workers.value = Array.isArray(data) ? (data as Worker[]) : (data as { workers: Worker[] }).workers;
    return;
  }
  if (name === 'job') pendingJobs.push(data as JobSummary);
  if (name === 'trial') {
    const news = data as { job: Id; trial: Trial };
    if (String(news.job) === openJob.peek()?.id) pendingTrials.push(news.trial);
  }
  if (flushTimer === 0) flushTimer = window.setTimeout(flush, kFlushMs);
}

let feed: Feed | null = null;

// What is known is another's, once somebody has to show a token anew.
function forget(): void {
  loading?.abort();
  pendingJobs = [];
  pendingTrials = [];
  batch(() => {
    jobsById.value = null;
    workers.value = null;
    openJob.value = null;
    problem.value = null;
  });
}

export function start(): void {
  void checkSession();
  void loadLists();
  feed = new Feed('/api/v1/events', {
    connection(state) {
      const reopened = state.kind === 'live' && connection.peek().kind !== 'live';
      connection.value = state;
      if (state.kind === 'lost') void checkSession(); // an event stream doesn't say why it ended
      if (!reopened) return;
      lastHeard.value = Date.now();
      void loadLists();
      const id = selectedId.peek();
      if (id !== null) void loadJob(id);
    },
    event: receive,
    probe: async () => {
      workers.value = await fetchWorkers();
      lastHeard.value = Date.now();
    },
  });
  effect(() => {
    if (needsToken.value) {
      feed?.pause();
      forget();
    } else if (session.peek() !== null) {
      retryNow();
    }
  });
  effect(() => {
    const id = selectedId.value;
    if (needsToken.value) return;
    if (id === openJob.peek()?.id) return;
    pendingTrials = [];
    openJob.value = id === null ? null : { id, objectives: {}, constraints: {}, trials: new Map(), generations: null, loaded: false };
    if (id !== null) void loadJob(id);
  });
}

export function retryNow(): void {
  feed?.retryNow();
  void loadLists();
  const id = selectedId.peek();
  if (id !== null) void loadJob(id);
}
