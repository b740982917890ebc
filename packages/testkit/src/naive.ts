import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a script without any guard could do: `done`, or the code of the error that stopped it. */
export interface Attempts {
  readonly read: string;
  readonly readInWorker: string;
  readonly write: string;
  readonly start: string;
}

const SCRIPT = `
  const { readFileSync, writeFileSync } = require('node:fs');
  const { execFileSync } = require('node:child_process');
  const { Worker } = require('node:worker_threads');
  const [file, target] = process.argv.slice(1);
  const attempt = (act) => {
    try { act(); return 'done'; } catch (error) { return error.code; }
  };
  const said = {
    read: attempt(() => readFileSync(file)),
    write: attempt(() => writeFileSync(target, 'x')),
    start: attempt(() => execFileSync(process.execPath, ['--version'])),
  };
  const report = (readInWorker) => console.log(JSON.stringify({ ...said, readInWorker }));
  const inWorker = \`const { workerData, parentPort } = require('node:worker_threads');
    try { require('node:fs').readFileSync(workerData); parentPort.postMessage('done'); }
    catch (error) { parentPort.postMessage(error.code); }\`;
  try {
    new Worker(inWorker, { eval: true, workerData: file }).once('message', report);
  } catch (error) {
    report(error.code);
  }
`;

/** Runs a script that no guard confines with these flags of Node: it reads `file`, writes `target` and starts a process. */
export async function attemptNaively(
  flags: readonly string[],
  file: string,
  target: string,
): Promise<Attempts> {
  const args = [...flags, '--eval', SCRIPT, file, target];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: {} });
  return JSON.parse(stdout);
}
