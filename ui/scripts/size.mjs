// Fails when the built interface is larger than its budget. Bytes are those of gzip, level 9, as
// the server sends them. Reads the manifest that `vite build` leaves, and takes it away afterwards:
// it is not for browsers.
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const FIRST_LOAD_KB_MAX = 260;
const ROUTE_KB_MAX = 130;

const dist = new URL('../dist/', import.meta.url);
const kept = new URL('../node_modules/.vite-manifest.json', import.meta.url);
const fresh = new URL('.vite/manifest.json', dist);
if (existsSync(fresh)) renameSync(fresh, kept);
const manifest = JSON.parse(readFileSync(kept, 'utf8'));

const bytes = new Map();
const sizeOf = (file) => {
  if (!bytes.has(file)) bytes.set(file, gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length);
  return bytes.get(file);
};

/** All files that come with a chunk: itself, its styles, and what it imports at once. */
const filesOf = (key, seen = new Set(), files = new Set()) => {
  if (seen.has(key)) return files;
  seen.add(key);
  const chunk = manifest[key];
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const next of chunk.imports ?? []) filesOf(next, seen, files);
  return files;
};

const total = (files) => [...files].reduce((sum, file) => sum + sizeOf(file), 0);
const kb = (n) => `${(n / 1000).toFixed(1)} KB`;

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const first = filesOf(entry);
// The script that sets the colours before the first paint is not built, so it is not listed.
if (existsSync(new URL('theme.js', dist))) first.add('theme.js');

let failed = false;
const report = (name, size, max) => {
  const over = size > max * 1000;
  failed ||= over;
  console.log(`${over ? 'TOO LARGE' : 'ok'.padEnd(9)} ${kb(size).padStart(9)} of ${max} KB  ${name}`);
};

report('first load', total(first), FIRST_LOAD_KB_MAX);
for (const key of Object.keys(manifest).filter((k) => manifest[k].isDynamicEntry)) {
  const more = [...filesOf(key)].filter((file) => !first.has(file));
  report(key, total(more), ROUTE_KB_MAX);
}
process.exit(failed ? 1 : 0);
