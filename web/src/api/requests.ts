import type { Id, JobDocument, JobSummary, Session, Worker } from './types';

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

async function askJson<T>(path: string, options: RequestInit = {}, signal?: AbortSignal): Promise<T> {
  const deadline = AbortSignal.timeout(kDeadlineMs);
  const stop = new AbortController();
  for (const source of [deadline, signal]) source?.addEventListener('abort', () => { stop.abort(); });
  let answer: Response;
  let body: unknown;
  try {
    answer = await fetch(path, {
      headers: { accept: 'application/json' },
      ...options,
      signal: stop.signal,
      cache: 'no-store',
      redirect: 'error',
    });
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
  return (await askJson<{ jobs: JobSummary[] }>('/api/v1/jobs')).jobs;
}

export function fetchJob(id: Id, signal: AbortSignal): Promise<JobDocument> {
  return askJson<JobDocument>(`/api/v1/jobs/${encodeURIComponent(String(id))}`, {}, signal);
}

export async function fetchWorkers(): Promise<Worker[]> {
  return (await askJson<{ workers: Worker[] }>('/api/v1/workers')).workers;
}

export function fetchSession(): Promise<Session> {
  return askJson<Session>('/api/v1/session');
}

// The coordinator answers with a cookie that no script can read: the token itself is kept nowhere here.
export function openSession(token: string): Promise<Session> {
  return askJson<Session>('/api/v1/session', { method: 'POST', headers: { authorization: `Bearer ${token}` } });
}

export function closeSession(): Promise<Session> {
  return askJson<Session>('/api/v1/session', { method: 'DELETE' });
}
