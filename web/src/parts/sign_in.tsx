import { useState } from 'preact/hooks';

import { RequestError } from '../api/requests';
import { signIn } from '../live/session';

// The token goes to the coordinator and nowhere else: it answers with a cookie.
export function SignIn() {
  const [wrong, setWrong] = useState('');
  const [busy, setBusy] = useState(false);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const token = (event.currentTarget as HTMLFormElement).elements.namedItem('token') as HTMLInputElement;
    setBusy(true);
    try {
      await signIn(token.value.trim());
    } catch (error) {
      const refused = error instanceof RequestError && error.status === 401;
      setWrong(refused ? 'That token is not valid: mistyped, expired or revoked.' : (error as Error).message);
    } finally {
      setBusy(false);
    }
  }

  return (
    <main class="sign-in card">
      <form onSubmit={(event) => { void submit(event); }}>
        <h2>Who is looking?</h2>
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" spellcheck={false} required autoFocus />
        {wrong !== '' && <p class="bad" role="alert">{wrong}</p>}
        <button type="submit" class="small" disabled={busy}>Sign in</button>
      </form>
      <p class="quiet">Whoever runs this coordinator makes one:</p>
      <pre><code>espalier tokens add NAME --role reader</code></pre>
    </main>
  );
}
