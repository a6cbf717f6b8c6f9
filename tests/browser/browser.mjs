// A headless Chromium, and pages that remember everything that must not happen in them.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../../web/package.json', import.meta.url))('playwright-core');

export async function launchBrowser(executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium') {
  if (!existsSync(executablePath)) {
    throw new Error(`The page's tests need a browser, and ${executablePath} is missing: install Debian's package chromium.`);
  }
  return chromium.launch({
    executablePath,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
}

// `page.faults` collects errors of scripts, violations of the content security policy, and requests to other hosts.
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const page = await context.newPage();
  page.faults = [];
  page.setDefaultTimeout(15_000);
  page.on('pageerror', (error) => page.faults.push(`script: ${error.message}`));
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol.startsWith('http') && host !== new URL(url).host) page.faults.push(`request: ${request.url()}`);
  });
  await page.exposeFunction('reportFault', (fault) => page.faults.push(fault));
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      window.reportFault(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.goto(url);
  return page;
}

// Waits until `read()` gives `wanted`, and says what it gave instead if that never happens.
export async function becomes(read, wanted, within = 15_000) {
  const deadline = Date.now() + within;
  for (;;) {
    const value = await read();
    if (JSON.stringify(value) === JSON.stringify(wanted)) return;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(value)}, not ${JSON.stringify(wanted)}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

export function overflow(page) {
  return page.evaluate(() => globalThis.document.documentElement.scrollWidth - globalThis.innerWidth);
}
