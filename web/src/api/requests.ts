import type { Id, JobDocument, JobSummary, Worker } from './types';

// `status` is the HTTP status, or 0 if there was no answer.
export class RequestError extends Error {
  readonly status: number;
  readonly help: string;

  constructor(status: number, message: string, help = '') {
    super(message);
    this.status = status;
    this.help = help;
  }
}

const kDeadlineMs = 20_000;

async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const deadline = AbortSignal.timeout(kDeadlineMs);
  const stop = new AbortController();
  for (const source of [deadline, signal]) source?.addEventListener('abort', () => { stop.abort(); });
  let answer: Response;
  let body: unknown;
  try {
    answer = await fetch(path, { signal: stop.signal, headers: { accept: 'application/json' }, cache: 'no-store' });
    body = await answer.json().catch(() => null);
  } catch {
    throw new RequestError(0, 'The coordinator does not answer.', 'Is it still running? The page goes on trying.');
  }
  if (!answer.ok) {
    const error = (body as { error?: { message?: string; help?: string } } | null)?.error;
    throw new RequestError(answer.status, error?.message ?? `The coordinator answered ${answer.status}.`, error?.help);
  }
  if (body === null) throw new RequestError(answer.status, `${path} did not answer with JSON.`);
  return body as T;
}

export async function fetchJobs(): Promise<JobSummary[]> {
  return (await getJson<{ jobs: JobSummary[] }>('/api/v1/jobs')).jobs;
}

export function fetchJob(id: Id, signal: AbortSignal): Promise<JobDocument> {
  return getJson<JobDocument>(`/api/v1/jobs/${encodeURIComponent(String(id))}`, signal);
}

export async function fetchWorkers(): Promise<Worker[]> {
  return (await getJson<{ workers: Worker[] }>('/api/v1/workers')).workers;
}
