// The page against a made-up coordinator: what it shows, and what the user can do.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { becomes, launchBrowser, openPage } from './browser.mjs';
import { FixtureServer } from './fixture_server.mjs';
import { widthDepth } from './fixture_searches.mjs';
import { bigSweep, finishedJob, hostile, quickstart, world } from './fixture_world.mjs';

let browser;
let server;
let page;

before(async () => { browser = await launchBrowser(); });
after(async () => { await browser?.close(); });
beforeEach(async () => { server = await new FixtureServer(world()).listen(); });
afterEach(async () => {
  if (page !== undefined) {
    const { faults } = page;
    await page.context().close();
    page = undefined;
    assert.deepEqual(faults, []);
  }
  await server.close();
});

async function open(fragment = '', options = {}) {
  page = await openPage(browser, server.url + '/' + fragment, options);
  return page;
}

const rows = () => page.locator('.trial-table tbody tr:not(.space)');
const rowOf = (id) => page.locator(`#trial-${id}`);
const head = (name) => page.getByRole('columnheader', { name });
const shownIds = () => rows().evaluateAll((all) => all.map((row) => Number(row.id.replace('trial-', ''))));

test('shows jobs, their progress and the newest job by itself', async () => {
  await open();
  await page.getByRole('heading', { name: 'fashion-compression' }).waitFor();
  const links = page.getByRole('navigation', { name: 'Jobs' }).getByRole('link');
  assert.equal(await links.count(), 2);
  assert.match(await links.first().innerText(), /fashion-compression\s+running[^]*17\/22 trials[^]*1 failed/);
  assert.match(await page.locator('.counts').innerText(), /34 executed\s+17 reused\s+1 failed\s+1 running\s+of 66 tasks/);
  const bar = page.getByRole('progressbar', { name: 'Job, progress' });
  assert.equal(await bar.getAttribute('aria-valuenow'), '77');
  assert.equal(await page.getByRole('progressbar', { name: 'distilled, progress' }).getAttribute('aria-valuenow'), '29');
  await page.getByText('Live', { exact: true }).waitFor();
  assert.match(await page.locator('.workers summary').innerText(), /1 worker, 2\/2 busy · 1 lost/);
});

test('says honestly what was not measured, what failed and what can’t be told', async () => {
  await open('#group=int8&group=distilled');
  assert.match(await rowOf(3012).innerText(), /failed[^]*engine fbgemm is not in this LibTorch/);
  assert.match(await rowOf(3016).innerText(), /can’t tell[^]*\+0\.2 \[−0\.4, \+0\.8\]/);
  assert.match(await rowOf(3017).innerText(), /\+1\.3[^]*\[\+0\.7, \+1\.9\]/);
  assert.equal(await rowOf(3010).getByTitle('whether it is faster can’t be told').innerText(), '1.02×\n[1.00, 1.04]');
  assert.equal(await rowOf(3011).getByTitle('can’t be told').count(), 0);
  const unmeasured = rowOf(3017).getByTitle('could not be measured');
  assert.equal(await unmeasured.innerText(), '–');
  assert.equal(await rowOf(3018).getByText('–').count(), 0, 'what does not exist yet is blank');
});

test('gives parameters columns of their own only where they vary', async () => {
  server.world.jobs = [bigSweep(9, 50)];
  for (const trial of server.world.jobs[0].trials) trial.params.constant = 7;
  await open();
  await head('learning_rate').waitFor();
  assert.equal(await head('constant').count(), 0);
});

test('sorts by any column, keeps blanks last, and returns to the job’s order at the third press', async () => {
  await open();
  const speedup = page.getByRole('button', { name: /Speed-up/ });
  await speedup.click();
  assert.equal(await head('Speed-up').getAttribute('aria-sort'), 'descending');
  await becomes(async () => (await shownIds())[0], 3011);
  await speedup.click();
  assert.equal(await head('Speed-up').getAttribute('aria-sort'), 'ascending');
  await becomes(async () => (await shownIds())[0], 3013);
  assert.match(page.url(), /sort=speedup/);
  assert.notEqual((await shownIds()).indexOf(3001), 0);
  await speedup.press('Enter');
  assert.equal(await head('Speed-up').getAttribute('aria-sort'), 'none');
  await becomes(async () => (await shownIds())[0], 3001);
});

test('the number of parameters and what was swept are told apart', async () => {
  await open('#trial=3017');
  await page.getByRole('button', { name: /^Params/ }).click();
  await becomes(async () => (await shownIds())[0], 3001);
  await page.getByRole('button', { name: /^Params/ }).click();
  await becomes(async () => (await shownIds())[0], 3003);
  assert.match(await page.getByRole('region', { name: 'Selected trial' }).innerText(), /Params\s+15\.7 k/);
});

test('filters by group and by words, in the table and in the plot', async () => {
  await open();
  const points = page.locator('.plot g > .point:not(.selected):not(.pointed)');
  await becomes(() => points.count(), 16);
  await page.getByTitle('Show pruned only').click();
  await becomes(shownIds, [3013, 3014, 3015]);
  await becomes(() => points.count(), 3);
  await page.getByRole('searchbox').fill('amount=0.5');
  await becomes(shownIds, [3014]);
  assert.match(await page.locator('.tools').innerText(), /1 of 22 trials/);
  await page.getByRole('button', { name: 'Show all' }).click();
  await becomes(() => points.count(), 16);
});

test('can be used by keyboard alone', async () => {
  await open();
  const grid = page.getByRole('grid', { name: 'Trials' });
  await grid.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  assert.equal(await grid.getAttribute('aria-activedescendant'), 'trial-3002');
  await page.keyboard.press('Enter');
  assert.equal(await rowOf(3002).getAttribute('aria-selected'), 'true');
  await page.getByRole('region', { name: 'Selected trial' }).getByText('architectures').waitFor();
  await page.keyboard.press('End');
  await becomes(() => grid.getAttribute('aria-activedescendant'), 'trial-3022');
  assert.equal(await rowOf(3022).evaluate((row) => {
    const box = row.closest('.table-box').getBoundingClientRect();
    return row.getBoundingClientRect().bottom <= box.bottom + 1;
  }), true);
  await page.keyboard.press('Escape');
  await page.getByRole('region', { name: 'Pareto front' }).waitFor();

  await page.getByRole('application').focus();
  await page.keyboard.press('Home');
  assert.match(await page.locator('.tip').innerText(), /architectures/);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await becomes(() => rowOf(3011).getAttribute('aria-selected'), 'true');
});

test('a point that is clicked selects its row', async () => {
  await open();
  await page.locator('.plot [data-trial="3006"]').click();
  await becomes(() => rowOf(3006).getAttribute('aria-selected'), 'true');
  assert.match(await page.locator('.tip').innerText(), /resnet8/);
});

test('a link brings back job, order, filter and selection', async () => {
  await open('#job=2&sort=-accuracy&group=architectures&q=lenet5&trial=2002');
  await becomes(shownIds, [2003, 2002, 2001]);
  assert.equal(await rowOf(2002).getAttribute('aria-selected'), 'true');
  assert.equal(await page.getByRole('searchbox').inputValue(), 'lenet5');
  await page.getByRole('link', { name: /fashion-compression/ }).click();
  await becomes(() => rows().count().then((count) => count > 3), true);
  await page.goBack();
  await becomes(shownIds, [2003, 2002, 2001]);
});

test('exports what the table shows, as CSV in full precision', async () => {
  await open('#group=distilled&sort=-accuracy');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export CSV' }).click()]);
  assert.equal(file.suggestedFilename(), 'fashion-compression.csv');
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\r\n');
  assert.equal(lines.length, 8);
  assert.match(lines[0], /^trial_id,group_name,model,family,distill\.temperature,rung,generation,state,reason,pareto,accuracy,/);
  assert.match(lines[1], /^3017,distilled,,,4,,,succeeded,,false,0\.869,/);
});

test('exports the net, the rung and the generation of each trial', async () => {
  const first = widthDepth();
  Object.assign(first.trials[7], { rung: 2, generation: 5 });
  server.world.jobs = [first];
  await open('#only=resnet');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export CSV' }).click()]);
  const [header, ...lines] = (await readFile(await file.path(), 'utf8')).split('\r\n');
  assert.match(header, /^trial_id,group_name,model,family,model\.width,model\.name,rung,generation,/);
  assert.match(lines[0], /^6,residual,resnet20,resnet,0\.25,resnet20,,,succeeded/);
  assert.match(lines[2], /^8,residual,resnet20,resnet,1,resnet20,2,5,succeeded/);
});

test('draws only the rows in sight of two thousand', async () => {
  server.world.jobs = [bigSweep()];
  await open('#sort=-accuracy');
  await rows().first().waitFor();
  assert.equal(await page.getByRole('grid').getAttribute('aria-rowcount'), '2001');
  assert.ok((await rows().count()) < 80);
  await page.locator('.table-box').evaluate((box) => box.scrollTo(0, box.scrollHeight));
  await page.locator('tr[aria-rowindex="2001"]').waitFor();
  assert.ok((await rows().count()) < 80);
});

test('never executes what stands in names', async () => {
  server.world.jobs = [hostile()];
  await open();
  await page.getByRole('heading', { name: /<img src=x/ }).waitFor();
  await rowOf(1).click();
  await page.locator('.plot [data-trial="1"]').first().hover({ force: true });
  await page.locator('.tip').waitFor();
  assert.equal(await page.evaluate(() => window.executed), undefined);
  assert.equal(await page.locator('#page img, #page script').count(), 0);
});

test('without jobs says what to run, and shows the first job when it comes', async () => {
  server.world.jobs = [];
  await open();
  await page.getByText('espalier submit jobs/quickstart.toml').waitFor();
  const job = quickstart(1);
  server.world.jobs = [job];
  const { summary } = await import('./fixture_world.mjs');
  await becomes(() => server.streams.size, 1);
  server.send('job', summary(job));
  await page.getByRole('heading', { name: 'fashion-compression' }).waitFor();
  await becomes(() => rows().count().then((count) => count > 0), true);
});

test('says what the coordinator says when something is wrong, and recovers', async () => {
  server.refusing = true;
  await open();
  await page.getByRole('alert').getByText('The database does not answer.').waitFor();
  server.refusing = false;
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
  await rows().first().waitFor();
  await becomes(() => page.getByRole('alert').count(), 0);
});

test('a link to a job that is not there says so, and the others stay in reach', async () => {
  server.world.jobs = [finishedJob(2)];
  await open('#job=77');
  await page.getByRole('alert').getByText('There is no job 77.').waitFor();
  await page.getByRole('link', { name: /first-try/ }).click();
  await rows().first().waitFor();
  await becomes(() => page.getByRole('alert').count(), 0);
});

test('a missing browser is named with its package', async () => {
  await assert.rejects(launchBrowser('/nonexistent/chromium'), /install Debian's package chromium/);
});
