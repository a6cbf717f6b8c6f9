// Bundles the page: node build.mjs [FOLDER]. FOLDER, or $ESPALIER_WEB_OUT, or dist beside this file, ends up holding
// index.html, icon.svg, page-HASH.js and page-HASH.css, and nothing of an earlier build.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const sources = fileURLToPath(new URL('src', import.meta.url));
const out = resolve(
  process.argv[2] ?? process.env.ESPALIER_WEB_OUT ?? fileURLToPath(new URL('dist', import.meta.url)),
);

const bundle = await build({
  entryPoints: { page: join(sources, 'main.tsx') },
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  entryNames: '[name]-[hash]',
  outdir: out,
  write: false,
  metafile: true,
  logLevel: 'warning',
});

await mkdir(out, { recursive: true });
const made = new Set(bundle.outputFiles.map((file) => basename(file.path)));
for (const file of bundle.outputFiles) await writeFile(file.path, file.contents);

const script = [...made].find((name) => name.endsWith('.js'));
const style = [...made].find((name) => name.endsWith('.css'));
const html = await readFile(join(sources, 'index.html'), 'utf8');
await writeFile(join(out, 'icon.svg'), await readFile(join(sources, 'icon.svg')));

// A server may be handing the folder out: the page changes over in one step, and the old files go after it.
await writeFile(join(out, 'index.html.new'), html.replace('page.js', script).replace('page.css', style));
await rename(join(out, 'index.html.new'), join(out, 'index.html'));
for (const name of await readdir(out)) {
  if (/^page-[A-Z0-9]+\.(js|css)$/.test(name) && !made.has(name)) await rm(join(out, name));
}

const bytes = bundle.outputFiles.reduce((sum, file) => sum + file.contents.length, 0);
console.log(`${out}: ${script}, ${style}, ${Math.ceil(bytes / 1000)} KB`);
