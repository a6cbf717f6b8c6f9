import { problem, retryNow } from '../live/state';

export function Empty() {
  return (
    <main class="empty">
      <h2>No jobs yet</h2>
      <p>A job is one TOML file: nets to train, prune, quantize and distil. To run the one that comes with Espalier:</p>
      <pre><code>espalier submit jobs/quickstart.toml</code></pre>
      <p class="quiet">It appears here by itself. Without a coordinator of your own, <code>./dev run jobs/quickstart.toml</code> starts everything.</p>
    </main>
  );
}

export function Problem() {
  const error = problem.value;
  if (error === null) return null;
  return (
    <div class="problem" role="alert">
      <div>
        <b>{error.message}</b>
        {error.help !== '' && <span> {error.help}</span>}
      </div>
      <button type="button" class="small" onClick={retryNow}>Try again</button>
    </div>
  );
}
