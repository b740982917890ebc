import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { makeTemp, type TempDirectory, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { lookAt, readTogether } from '../../src/reload/read-together.ts';

let temp: TempDirectory;
beforeEach(() => {
  temp = makeTemp();
});
afterEach(() => temp.remove());

/** Mounts one pair of files after another, as Kubernetes does: a fresh directory, and a link turned to it. */
const MOUNTING = `
  const fs = require('node:fs');
  const { path, until } = require('node:worker_threads').workerData;
  for (let turn = 1; Date.now() < until; turn += 1) {
    const at = path + '/..' + turn;
    fs.mkdirSync(at);
    fs.writeFileSync(at + '/cert', String(turn));
    fs.writeFileSync(at + '/key', String(turn));
    fs.symlinkSync('..' + turn, path + '/..new');
    fs.renameSync(path + '/..new', path + '/..data');
    fs.rmSync(path + '/..' + (turn - 1), { recursive: true });
  }`;

test(verifies('C13.reload', 'files that are replaced together are read together'), async () => {
  mkdirSync(join(temp.path, '..0'));
  temp.write('..0/cert', '0');
  temp.write('..0/key', '0');
  symlinkSync('..0', join(temp.path, '..data'));
  symlinkSync('..data/cert', join(temp.path, 'cert'));
  symlinkSync('..data/key', join(temp.path, 'key'));
  const until = Date.now() + 3000;
  const worker = new Worker(MOUNTING, { eval: true, workerData: { path: temp.path, until } });
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  const seen = new Set<string>();
  while (Date.now() < until) {
    const { contents } = await readTogether([join(temp.path, 'cert'), join(temp.path, 'key')], []);
    const [certificate, key] = (contents ?? []).map((content) => Buffer.from(content).toString());
    expect(key).toBe(certificate);
    seen.add(String(certificate));
  }
  await ended;
  // It did read while the pairs changed.
  expect(seen.size).toBeGreaterThan(5);
});

test('what was changed a moment ago can change again and look the same', async () => {
  const path = temp.write('policy', 'ok 1');
  const { isYoung } = await lookAt([path]);
  expect(isYoung).toBe(true);
  await wait(2200);
  const later = await lookAt([path]);
  expect(later.isYoung).toBe(false);
});

test('what is missing looks like nothing else', async () => {
  const path = temp.write('policy', '');
  const there = await lookAt([path]);
  const missing = await lookAt([join(temp.path, 'other')]);
  expect(missing.stamp).toBe('ENOENT');
  expect(there.stamp).not.toBe(missing.stamp);
});
