// A coordinator that asks for a token: the form, what is shown without one (nothing), and the way back to it.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { becomes, launchBrowser, openPage, overflow } from './browser.mjs';
import { FixtureServer } from './fixture_server.mjs';
import { world } from './fixture_world.mjs';

let browser;
let server;
let page;

before(async () => { browser = await launchBrowser(); });
after(async () => { await browser?.close(); });
beforeEach(async () => {
  server = await new FixtureServer(world()).listen();
  server.token = 'espalier_0123456789abcdef';
});
afterEach(async () => {
  const { faults } = page;
  await page.context().close();
  await server.close();
  assert.deepEqual(faults, []);
});

const field = () => page.getByLabel('Token');
const jobs = () => page.getByRole('navigation', { name: 'Jobs' }).getByRole('link');

async function signIn(token = server.token) {
  await field().fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('nothing is shown without a token, and all of it with one, also after a reload', async () => {
  page = await openPage(browser, server.url);
  await field().waitFor();
  assert.equal(await jobs().count(), 0);
  assert.equal(await field().evaluate((input) => globalThis.document.activeElement === input), true);
  await signIn('espalier_wrong');
  await page.getByRole('alert').getByText('That token is not valid').waitFor();
  await signIn();
  await page.getByText('Live', { exact: true }).waitFor();
  await becomes(() => jobs().count(), 2);
  await page.getByText('ann', { exact: true }).waitFor();
  await page.reload();
  await becomes(() => jobs().count(), 2);
  assert.equal(await field().count(), 0);
});

test('no script can read the token afterwards', async () => {
  page = await openPage(browser, server.url);
  await signIn();
  await becomes(() => jobs().count(), 2);
  const kept = await page.evaluate(() => {
    const { document, localStorage, sessionStorage, location } = globalThis;
    return [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage), location.href].join();
  });
  assert.ok(!(kept + (await page.content())).includes(server.token));
});

test('signing out shows the form and forgets what was shown', async () => {
  page = await openPage(browser, server.url);
  await signIn();
  await becomes(() => jobs().count(), 2);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await field().waitFor();
  assert.equal(await jobs().count(), 0);
  assert.equal(await page.getByText('fashion-compression').count(), 0);
  await page.reload();
  await field().waitFor();
});

test('a token that is revoked brings the form back by itself, and no stream is tried any more', async () => {
  page = await openPage(browser, server.url);
  await signIn();
  await page.getByText('Live', { exact: true }).waitFor();
  server.token = 'espalier_another';
  server.dropStreams();
  await field().waitFor();
  assert.equal(await jobs().count(), 0);
  await signIn();
  await page.getByText('Live', { exact: true }).waitFor();
  await becomes(() => jobs().count(), 2);
  await becomes(() => server.streams.size, 1);
});

test('a coordinator that asks for no token shows neither form nor name', async () => {
  server.token = null;
  page = await openPage(browser, server.url);
  await becomes(() => jobs().count(), 2);
  assert.equal(await field().count(), 0);
  assert.equal(await page.getByRole('button', { name: 'Sign out' }).count(), 0);
});

for (const [size, viewport] of [['wide', { width: 1400, height: 900 }], ['phone', { width: 360, height: 740 }]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`${size}, ${colorScheme}: the form fits`, async () => {
      page = await openPage(browser, server.url, { viewport, colorScheme });
      await field().waitFor();
      assert.ok((await overflow(page)) <= 0, 'the page is no wider than the window');
      const folder = process.env.ESPALIER_SHOTS;
      if (folder !== undefined) await page.screenshot({ path: `${folder}/sign-in-${size}-${colorScheme}.png` });
    });
  }
}
