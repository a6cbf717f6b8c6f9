import { useEffect, useState } from 'preact/hooks';

import type { Worker } from '../api/types';
import { clock, plural } from '../format';
import { needsToken, session, signOut } from '../live/session';
import { connection, lastHeard, retryNow, workers } from '../live/state';

function useSecond(active: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!active) return;
    setNow(Date.now());
    const timer = setInterval(() => { setNow(Date.now()); }, 1000);
    return () => { clearInterval(timer); };
  }, [active]);
  return now;
}

function ConnectionState() {
  const state = connection.value;
  const lost = state.kind === 'lost';
  const now = useSecond(lost);
  const heard = lastHeard.value;
  const seconds = lost ? Math.ceil((state.retryAt - now) / 1000) : 0;
  return (
    <div class={`connection ${state.kind}`}>
      <span class="dot" aria-hidden="true" />
      <span role="status">
        {state.kind === 'live' && 'Live'}
        {state.kind === 'connecting' && 'Connecting…'}
        {lost && 'Reconnecting…'}
      </span>
      {lost && (
        <>
          <span class="quiet">
            {heard !== null && `as of ${clock(heard)}, `}
            {seconds > 0 ? `next try in ${seconds} s` : 'trying'}
          </span>
          <button type="button" class="small" onClick={retryNow}>Try now</button>
        </>
      )}
    </div>
  );
}

function workerTitle(worker: Worker): string {
  if (worker.state === 'lost') return `${worker.name} is lost: it has not been heard of. ${worker.device_class}`;
  const cordoned = worker.cordoned ? ' It is cordoned: nothing new is given to it.' : '';
  return `${worker.running} of ${plural(worker.slots, 'slot')} busy.${cordoned} ${worker.device_class}`;
}

function Workers() {
  const known = workers.value;
  if (known === null) return null;
  const alive = known.filter((worker) => worker.state === 'alive');
  const lost = known.length - alive.length;
  const busy = alive.reduce((sum, worker) => sum + worker.running, 0);
  const slots = alive.reduce((sum, worker) => sum + worker.slots, 0);
  return (
    <details class="workers">
      <summary class={alive.length === 0 ? 'bad' : ''}>
        {alive.length === 0 ? 'No worker' : `${plural(alive.length, 'worker')}, ${busy}/${slots} busy`}
        {lost > 0 && <span class="bad"> · {lost} lost</span>}
      </summary>
      <ul>
        {known.map((worker) => (
          <li key={worker.name} title={workerTitle(worker)}>
            <span class={`dot ${worker.state}${worker.cordoned ? ' cordoned' : ''}`} aria-hidden="true" />
            <b>{worker.name}</b>
            <span>{worker.state === 'alive' ? `${worker.running}/${worker.slots} busy${worker.cordoned ? ', cordoned' : ''}` : 'lost'}</span>
            <small class="quiet">{worker.device_class.split('|').join(' · ')}</small>
          </li>
        ))}
        {known.length === 0 && <li>None has reported yet. Trials wait until one does.</li>}
      </ul>
    </details>
  );
}

function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M16 29V5M16 24H8q-4 0-4-4v-3M16 24h8q4 0 4-4v-3M16 14h-5q-3 0-3-3V8M16 14h5q3 0 3-3V8" />
    </svg>
  );
}

function Who() {
  const who = session.value;
  if (who === null || !who.tokens) return null;
  return (
    <div class="who">
      <span class="name" title={`role: ${who.role}`}>{who.name}</span>
      <button type="button" class="small" onClick={() => { void signOut(); }}>Sign out</button>
    </div>
  );
}

export function Header() {
  return (
    <header class="top">
      <h1>
        <Logo />
        Espalier
      </h1>
      {!needsToken.value && <ConnectionState />}
      <Workers />
      <Who />
    </header>
  );
}
