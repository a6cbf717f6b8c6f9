// What must hold whatever coordinator serves the page: $ESPALIER_URL, or else the made-up one.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launchBrowser, openPage, overflow } from './browser.mjs';
import { FixtureServer } from './fixture_server.mjs';
import { evolution, halving, widthDepth } from './fixture_searches.mjs';
import { hostile, quickstart, world } from './fixture_world.mjs';

let browser;
let server;
let url = process.env.ESPALIER_URL;

before(async () => {
  browser = await launchBrowser();
  if (url !== undefined) return;
  server = await new FixtureServer(world([quickstart(), hostile(), widthDepth(), halving(), evolution()])).listen();
  url = server.url;
});
after(async () => {
  await browser?.close();
  await server?.close();
});

for (const [size, viewport] of [['wide', { width: 1400, height: 900 }], ['tablet', { width: 900, height: 1100 }], ['phone', { width: 390, height: 844 }]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`${size}, ${colorScheme}: everything fits, nothing is fetched from elsewhere, the policy is kept`, async () => {
      const page = await openPage(browser, url, { viewport, colorScheme });
      await page.getByText('Live', { exact: true }).waitFor();
      const jobs = page.getByRole('navigation', { name: 'Jobs' }).getByRole('link');
      await jobs.first().or(page.getByText('No jobs yet')).waitFor();
      for (const job of await jobs.all()) {
        await job.click();
        const row = page.locator('.trial-table tbody tr[id]').first();
        await row.or(page.getByText('This job has no trials.')).waitFor();
        if ((await row.count()) > 0) await row.click();
        assert.ok((await overflow(page)) <= 0, 'the page is no wider than the window');
      }
      const ground = await page.evaluate(() => getComputedStyle(globalThis.document.body).backgroundColor);
      const brightness = ground.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3;
      assert.equal(brightness < 128, colorScheme === 'dark');
      assert.deepEqual(page.faults, []);
      await page.context().close();
    });
  }
}
