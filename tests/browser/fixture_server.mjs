// The built page and the routes it reads, over a made-up world, with the faults a test wants.

import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { document, summary } from './fixture_world.mjs';

const kTypes = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const kPolicy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// $ESPALIER_WEB_OUT, or else the sources as they are now, built once for this process.
let built;
function builtPage() {
  built ??= process.env.ESPALIER_WEB_OUT ?? build();
  return built;
}

async function build() {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-page-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  await promisify(execFile)(process.execPath, [fileURLToPath(new URL('../../web/build.mjs', import.meta.url)), folder]);
  return folder;
}

export class FixtureServer {
  constructor(world) {
    this.world = world;
    this.page = builtPage();
    this.streams = new Set();
    this.refusing = false; // answers everything but the page with 503
    this.token = null; // demands this one, by a cookie that it gives for it
    this.server = createServer((request, response) => this.#answer(request, response));
  }

  async listen(port = 0) {
    await this.page;
    await new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async close() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  send(event, data) {
    for (const stream of this.streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  changeTrial(job, trial, change) {
    Object.assign(trial, change);
    this.send('trial', { job: job.id, trial });
    this.send('job', summary(job));
  }

  dropStreams() {
    for (const stream of this.streams) stream.destroy();
    this.streams.clear();
  }

  async #answer(request, response) {
    const path = new URL(request.url, 'http://fixture').pathname;
    if (path.startsWith('/api/')) return this.#answerApi(path, response, request);
    const name = path === '/' ? 'index.html' : path.slice(1);
    try {
      const bytes = await readFile(join(await this.page, name));
      response.writeHead(200, { 'content-type': kTypes[extname(name)], 'content-security-policy': kPolicy });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  }

  #answerApi(path, response, request) {
    if (path === '/api/v1/session') return this.#session(request, response);
    if (!this.#knows(request)) return this.#error(response, 401, 'A token is needed here.', 'Make one.');
    if (this.refusing) return this.#error(response, 503, 'The database does not answer.', 'It is tried again by itself.');
    if (path === '/api/v1/events') return this.#stream(response);
    if (path === '/api/v1/jobs') return this.#json(response, 200, { jobs: this.world.jobs.map(summary) });
    if (path === '/api/v1/workers') return this.#json(response, 200, { workers: this.world.workers });
    const job = this.world.jobs.find((candidate) => path === `/api/v1/jobs/${candidate.id}`);
    if (job !== undefined) return this.#json(response, 200, document(job));
    return this.#error(response, 404, `There is no ${path.replace('/api/v1/jobs/', 'job ')}.`, 'The list on the left has all there are.');
  }

  #knows(request) {
    return this.token === null || request.headers.cookie === `espalier=${this.token}`;
  }

  #session(request, response) {
    const shown = request.headers.authorization === `Bearer ${this.token}`;
    const cookie = (value) => response.setHeader('set-cookie', `espalier=${value}; Path=/; HttpOnly; SameSite=Strict`);
    if (request.method === 'DELETE') cookie('');
    else if (request.method === 'POST' && shown) cookie(this.token);
    else if (!this.#knows(request)) return this.#error(response, 401, 'A token is needed here.', 'Make one.');
    return this.#json(response, 200, { tokens: this.token !== null, name: 'ann', role: 'reader' });
  }

  #stream(response) {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.flushHeaders();
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
    for (const job of this.world.jobs) response.write(`event: job\ndata: ${JSON.stringify(summary(job))}\n\n`);
    response.write(`event: workers\ndata: ${JSON.stringify({ workers: this.world.workers })}\n\n`);
  }

  #json(response, status, body) {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }

  #error(response, status, message, help) {
    this.#json(response, status, { error: { kind: 'unavailable', message, help, diagnostics: [] } });
  }
}
