// Who looks at this page, where the coordinator asks for it.

import { signal } from '@preact/signals';

import { closeSession, fetchSession, openSession, RequestError } from '../api/requests';
import type { Session } from '../api/types';

export const session = signal<Session | null>(null);
export const needsToken = signal(false); // nothing is shown before there is one that is valid

// Whether the page may ask on. A coordinator that doesn't answer says nothing about that.
export async function checkSession(): Promise<boolean> {
  try {
    session.value = await fetchSession();
    needsToken.value = false;
  } catch (error) {
    if (error instanceof RequestError && error.status === 401) needsToken.value = true;
  }
  return !needsToken.peek();
}

export async function signIn(token: string): Promise<void> {
  session.value = await openSession(token);
  needsToken.value = false;
}

export async function signOut(): Promise<void> {
  await closeSession();
  session.value = null;
  needsToken.value = true;
}
