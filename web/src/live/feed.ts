// The event stream, kept open: it says honestly whether it is live, and reconnects with back-off. EventSource's own
// reconnecting gives up for good after an answer that isn't 200, and never notices a connection that died silently.

export type Connection =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'lost'; since: number; retryAt: number };

export interface FeedListener {
  connection(state: Connection): void;
  event(name: string, data: unknown): void;
  probe(): Promise<unknown>; // rejects if the coordinator is gone
}

const kEvents = ['job', 'trial', 'workers'];
const kFirstWaitMs = 500;
const kLongestWaitMs = 15_000;
const kSilenceMs = 20_000;

// Spread over +-20 %, so that many pages don't return to a restarted coordinator at once. `chance` is in 0..1.
export function backOff(attempt: number, chance: number): number {
  return Math.min(kLongestWaitMs, kFirstWaitMs * 2 ** attempt) * (0.8 + 0.4 * chance);
}

export class Feed {
  private source: EventSource | null = null;
  private paused = false;
  private attempt = 0;
  private lostSince = 0;
  private retry = 0;
  private silence = 0;
  private readonly url: string;
  private readonly listener: FeedListener;

  constructor(url: string, listener: FeedListener) {
    this.url = url;
    this.listener = listener;
    addEventListener('online', () => { if (!this.paused) this.retryNow(); });
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && !this.paused) this.retryNow();
    });
    this.open();
  }

  retryNow(): void {
    if (this.source !== null) return;
    this.paused = false;
    clearTimeout(this.retry);
    this.open();
  }

  // Until `retryNow`.
  pause(): void {
    this.paused = true;
    clearTimeout(this.retry);
    clearTimeout(this.silence);
    this.source?.close();
    this.source = null;
  }

  private open(): void {
    const source = new EventSource(this.url);
    this.source = source;
    source.onopen = () => {
      this.attempt = 0;
      this.lostSince = 0;
      this.heard();
      this.listener.connection({ kind: 'live' });
    };
    source.onerror = () => { this.lose(source); };
    for (const name of kEvents) {
      source.addEventListener(name, (message: MessageEvent<string>) => {
        this.heard();
        let data: unknown;
        try {
          data = JSON.parse(message.data);
        } catch {
          console.warn(`event ${name}: not JSON`);
          return;
        }
        this.listener.event(name, data);
      });
    }
  }

  private heard(): void {
    clearTimeout(this.silence);
    this.silence = window.setTimeout(() => { void this.checkPulse(); }, kSilenceMs);
  }

  private async checkPulse(): Promise<void> {
    const source = this.source;
    try {
      await this.listener.probe();
      if (source !== null && source === this.source) this.heard();
    } catch {
      if (source !== null) this.lose(source);
    }
  }

  private lose(source: EventSource): void {
    source.close();
    if (source !== this.source) return;
    this.source = null;
    clearTimeout(this.silence);
    if (this.lostSince === 0) this.lostSince = Date.now();
    const wait = backOff(this.attempt++, Math.random());
    this.retry = window.setTimeout(() => { this.open(); }, wait);
    this.listener.connection({ kind: 'lost', since: this.lostSince, retryAt: Date.now() + wait });
  }
}
