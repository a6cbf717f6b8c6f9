// The figures: what they draw of sweeps and searches, and how the user chooses.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { becomes, launchBrowser, openPage } from './browser.mjs';
import { FixtureServer } from './fixture_server.mjs';
import { evolution, halving, widthDepth } from './fixture_searches.mjs';
import { bigSweep, quickstart, summary, world } from './fixture_world.mjs';

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

async function open(jobs, fragment = '') {
  server.world.jobs = jobs;
  page = await openPage(browser, server.url + '/' + fragment);
  await page.locator('.trial-table tbody tr[id]').first().waitFor();
}

const figure = (name) => page.getByRole('region', { name });
const points = () => page.locator('.plot g > .point:not(.selected):not(.pointed)');
const choice = (name) => page.getByLabel(name, { exact: true });
const colours = (name) => page.getByRole('list', { name: `Colours: ${name}` }).getByRole('button');
const rows = () => page.locator('.trial-table tbody tr[id]');
const row = (id) => page.locator(`#trial-${id}`);
const pointsText = () => figure('Search').locator('[aria-live]').innerText();

test('where throughput is an objective, images a second stand against parameters by family', async () => {
  await open([widthDepth()]);
  await figure('Images/s against Parameters').waitFor();
  await page.getByText('Parameters, log scale →').waitFor();
  await becomes(() => points().count(), 25);
  assert.deepEqual(await colours('Family').allInnerTexts(), ['lenet', 'resnet', 'mlp', 'vit']);
  assert.equal(await choice('Colours').inputValue(), 'family');
  assert.match(await row(1).innerText(), /62\.\d k\s+\[\d/, 'the table has a column of it');
});

test('a job of a coordinator that tells no families is coloured by group', async () => {
  const job = widthDepth();
  for (const trial of job.trials) Object.assign(trial, { model: undefined, family: undefined });
  await open([job]);
  await becomes(() => points().count(), 25);
  assert.equal(await choice('Colours').inputValue(), 'group');
});

test('a colour that is pressed is shown alone, in figure and table, and the URL remembers it', async () => {
  await open([widthDepth()]);
  await colours('Family').filter({ hasText: 'resnet' }).click();
  await becomes(() => points().count(), 10);
  await becomes(() => rows().count(), 10);
  await colours('Family').filter({ hasText: 'vit' }).press('Enter');
  await becomes(() => points().count(), 15);
  assert.match(page.url(), /only=resnet&only=vit/);
  await page.reload();
  await becomes(() => points().count(), 15);
  await page.getByRole('button', { name: 'Show all' }).click();
  await becomes(() => points().count(), 25);
});

test('axes and colours can be chosen among metrics and swept values, and the URL remembers them', async () => {
  await open([quickstart()]);
  await choice('Vertical axis').selectOption('size_bytes');
  await choice('Horizontal axis').selectOption('params.model.name');
  await choice('Colours').selectOption('params.model.width');
  await figure('Size against model.name').waitFor();
  await becomes(() => points().count(), 9);
  assert.deepEqual(await colours('model.width').allInnerTexts(), ['0.5', '1', '2', '–']);
  await page.getByText('mobilenet-xs', { exact: true }).first().waitFor();
  await page.reload();
  await figure('Size against model.name').waitFor();
  assert.match(page.url(), /x=params.model.name&y=size_bytes&colour=params.model.width/);
});

test('a link to figures that a job doesn’t have shows what suits the job', async () => {
  await open([quickstart()], '#x=params.no.such&y=unheard_of&colour=params.no.such&only=x');
  await figure('Accuracy against Latency p50').waitFor();
  assert.equal(await choice('Colours').inputValue(), 'group');
});

test('many numbers are coloured in parts that hold equally many trials', async () => {
  await open([bigSweep(9, 60)], '#colour=accuracy');
  await becomes(() => colours('Accuracy').count(), 6);
  assert.match((await colours('Accuracy').allInnerTexts())[0], /^\d\d\.\d\d – \d\d\.\d\d %$/);
  await colours('Accuracy').first().click();
  await becomes(() => points().count(), 10);
});

test('what nobody measured is not offered, and a trial without a number is not drawn as 0', async () => {
  await open([quickstart()], '#y=speedup');
  await becomes(() => points().count(), 5);
  const offered = await choice('Vertical axis').locator('option').allInnerTexts();
  assert.ok(offered.includes('Peak memory'));
  assert.ok(!offered.some((name) => name.startsWith('Energy')), 'all of them are null');
});

test('intervals are drawn where they are known, and only there', async () => {
  await open([widthDepth()]);
  await becomes(() => page.locator('.whisker').count(), 25);
  await choice('Vertical axis').selectOption('macs');
  await becomes(() => points().count(), 25);
  assert.equal(await page.locator('.whisker').count(), 0);
});

test('the front is drawn where both axes are objectives, whichever stands up', async () => {
  await open([quickstart()]);
  const front = page.locator('.front-line');
  await becomes(() => front.count(), 1);
  await choice('Vertical axis').selectOption('latency_p50_ms');
  await becomes(() => front.count(), 0);
  await choice('Horizontal axis').selectOption('accuracy');
  await becomes(() => front.count(), 1);
  await choice('Horizontal axis').selectOption('params');
  await becomes(() => front.count(), 0);
});

test('the arrow keys walk through a figure, which says where they are', async () => {
  await open([widthDepth()]);
  await page.getByRole('application').focus();
  await page.keyboard.press('Home');
  await page.getByText(/^lenet, model.width 0.25: Images\/s 62\.\d k \[\d.*\], Parameters 4\.43 k$/).waitFor();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await becomes(() => row(15).getAttribute('aria-selected'), 'true');
});

test('ten thousand points are painted, the front is drawn, and each can be pointed at', async () => {
  await open([bigSweep(9, 10_000)]);
  const painted = () => page.locator('canvas').evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.some((part) => part !== 0);
  });
  await becomes(painted, true);
  assert.ok((await points().count()) < 300);
  await page.getByRole('application').focus();
  await page.keyboard.press('End');
  await page.locator('.tip').waitFor();
});

test('halving shows what each trial reached at each rung, and who was stopped where', async () => {
  await open([halving()]);
  await figure('Search').getByText('27 of at most 27 trials, 27 → 9 → 3 by rung, finished').waitFor();
  await row(2).getByText('stopped at rung 1 of 3').waitFor();
  await row(4).getByText('stopped at rung 2 of 3').waitFor();
  await row(1).getByText('rung 3 of 3').waitFor();
  assert.equal(await row(1).getByText('stopped').count(), 0);
  const drawing = figure('Search').getByRole('application');
  assert.equal(await drawing.getAttribute('aria-label'), 'Accuracy of 27 trials at their rungs. Arrow keys walk from trial to trial, Enter selects.');
  await drawing.focus();
  await page.keyboard.press('End');
  await becomes(async () => /^searched \d+: [\d.]+ % after 1, [\d.]+ % after 3, [\d.]+ % after 9 epochs$/.test(await pointsText()), true);
  await page.keyboard.press('Enter');
  await becomes(() => page.locator('tr[aria-selected="true"]').count(), 1);
});

test('what decides in halving is what the search goes by, whatever else the job looks for', async () => {
  const job = halving();
  job.objectives = { accuracy: 'max', loss: 'min' };
  await open([job]);
  const drawing = figure('Search').getByRole('application');
  await becomes(async () => (await drawing.getAttribute('aria-label')).split(' ')[0], 'Accuracy');
  await figure('Search').getByText('↑ Accuracy').waitFor();
  job.search.metric = 'loss';
  await page.reload();
  await becomes(async () => (await drawing.getAttribute('aria-label')).split(' ')[0], 'Loss');
  await figure('Search').getByText('↑ Loss').waitFor();
});

test('nobody is called stopped while the search may still go on with them', async () => {
  await open([halving(7, 14, false)]);
  await row(2).getByText('rung 1 of 3').waitFor();
  assert.equal(await page.getByText('stopped').count(), 0);
});

test('a search by generations shows its hypervolume', async () => {
  await open([evolution()]);
  await figure('Search').getByText('48 of at most 80 trials, generation 6').waitFor();
  await figure('Search').getByRole('application').focus();
  await page.keyboard.press('End');
  await becomes(pointsText, 'evolved, generation 6: hypervolume 1.06, 9 on the front, 45 of 48 trials feasible');
});

test('a search whose rungs the coordinator doesn’t tell has no figure', async () => {
  const job = halving();
  for (const trial of job.trials) delete trial.rungs;
  await open([job]);
  await figure('Search').getByText('27 of at most 27 trials').waitFor();
  assert.equal(await figure('Search').getByRole('application').count(), 0);
  assert.equal(await page.getByText('No trial has ended a rung yet.').count(), 0);
});

test('a search that has just begun says so, and other jobs show none', async () => {
  const begun = evolution();
  Object.assign(begun, { generations: [], trials: begun.trials.slice(0, 1) });
  await open([begun, quickstart()]);
  await figure('Search').getByText('No generation has ended yet.').waitFor();
  server.send('job', { ...summary(begun), search: { ...begun.search, failure: 'the job file is gone' } });
  await figure('Search').getByText('the job file is gone').waitFor();
  await page.getByRole('link', { name: /fashion-compression/ }).click();
  await becomes(() => figure('Search').count(), 0);
});
