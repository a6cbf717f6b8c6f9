// What happens while the user looks: news, and a connection that breaks.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { becomes, launchBrowser, openPage } from './browser.mjs';
import { FixtureServer } from './fixture_server.mjs';
import { bigSweep, markPareto, summary, world } from './fixture_world.mjs';

let browser;
let server;
let page;

before(async () => { browser = await launchBrowser(); });
after(async () => { await browser?.close(); });
beforeEach(async () => { server = await new FixtureServer(world()).listen(); });
afterEach(async () => {
  const { faults } = page;
  await page.context().close();
  await server.close();
  assert.deepEqual(faults, []);
});

async function open(fragment = '') {
  page = await openPage(browser, server.url + '/' + fragment);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.locator('.trial-table tbody tr[id]').first().waitFor();
  await becomes(() => server.streams.size, 1);
}

const rowOf = (id) => page.locator(`#trial-${id}`);
const box = () => page.locator('.table-box');

test('a trial that ends changes its row, the plot and the bars', async () => {
  await open('#group=distilled');
  const [job] = server.world.jobs;
  const trial = job.trials.find(({ id }) => id === 3018);
  const points = page.locator('.plot g > .point');
  await becomes(() => points.count(), 2);
  server.changeTrial(job, trial, { state: 'succeeded', metrics: { ...job.trials[15].metrics, accuracy: 0.951 } });
  await rowOf(3018).getByText('95.1 %').waitFor();
  await becomes(() => points.count(), 3);
  await becomes(() => page.getByRole('progressbar', { name: 'distilled, progress' }).getAttribute('aria-valuenow'), '43');
});

test('trials that leave the front without an event of their own leave it on the page too', async () => {
  await open();
  const [job] = server.world.jobs;
  const fast = job.trials.find(({ id }) => id === 3018);
  await rowOf(3001).getByText('★').waitFor();
  Object.assign(fast, { state: 'succeeded', metrics: { ...job.trials[0].metrics, accuracy: 0.99, latency_p50_ms: 0.01 } });
  markPareto(job.trials);
  server.send('trial', { job: job.id, trial: fast });
  await becomes(() => rowOf(3001).getByText('★').count(), 0);
});

test('news lose neither scroll nor selection nor filter nor order nor focus', async () => {
  server.world.jobs = [bigSweep()];
  const [job] = server.world.jobs;
  const pick = 1234;
  await open(`#sort=-accuracy&q=width&trial=${pick}`);
  await rowOf(pick).waitFor();
  const grid = page.getByRole('grid', { name: 'Trials' });
  await grid.focus();
  const placeOf = () => rowOf(pick).evaluate((row) => Math.round(row.getBoundingClientRect().top));
  await box().evaluate((element) => element.scrollBy(0, -100));
  const place = await placeOf();
  const scrolled = await box().evaluate((element) => element.scrollTop);
  assert.ok(scrolled > 0);

  for (let index = 0; index < 5; index += 1) {
    const fresh = { ...job.trials[index], id: 5000 + index, metrics: { ...job.trials[index].metrics, accuracy: 0.999 } };
    job.trials.push(fresh);
    server.send('trial', { job: job.id, trial: fresh });
  }
  server.send('job', summary(job));
  await page.locator('.tools').getByText('2005 of 2005 trials').waitFor();

  await becomes(() => box().evaluate((element) => element.scrollTop), scrolled + 5 * 44);
  assert.equal(await placeOf(), place, 'the row under the eye stays where it was');
  assert.equal(await rowOf(pick).getAttribute('aria-selected'), 'true');
  assert.equal(await page.getByRole('searchbox').inputValue(), 'width');
  assert.equal(await page.getByRole('columnheader', { name: 'Accuracy' }).getAttribute('aria-sort'), 'descending');
  assert.equal(await grid.evaluate((element) => element === globalThis.document.activeElement), true);
});

test('a lost connection is said, running jobs are no longer called running, and the page comes back by itself', async () => {
  await open();
  const [job] = server.world.jobs;
  server.refusing = true;
  server.dropStreams();
  await page.getByText('Reconnecting…').waitFor();
  await page.getByText(/next try in \d+ s|trying/).waitFor();
  const state = page.getByRole('region', { name: 'Job', exact: true }).locator('.badge');
  assert.equal(await state.innerText(), 'was running');
  assert.equal(await page.getByText(/about .* left/).count(), 0, 'nobody knows the time left now');

  Object.assign(job.trials[17], { state: 'failed', reason: 'it broke while nobody looked' });
  server.refusing = false;
  await page.getByText('Live', { exact: true }).waitFor();
  await rowOf(3018).getByText('it broke while nobody looked').waitFor();
  assert.equal(await state.innerText(), 'running');
});

test('the user need not wait for the next try', async () => {
  await open();
  server.refusing = true;
  server.dropStreams();
  await page.getByText(/next try in [2-9] s/).waitFor();
  server.refusing = false;
  await page.getByRole('button', { name: 'Try now' }).click();
  await page.getByText('Live', { exact: true }).waitFor();
});
