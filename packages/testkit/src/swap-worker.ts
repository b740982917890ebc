/** The process behind `startSwapping`. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

const { directory, name, other } = JSON.parse(process.argv[2] ?? '{}');
const [first, second, spare] = [name, other, `${String(name)}.spare`].map((entry) =>
  join(String(directory), String(entry)),
);

let swaps = 0;
let stopped = false;
process.on('message', () => {
  stopped = true;
});
process.send?.('ready');

/** Three renames change the places of two names; for a moment the first is missing, as in real life. */
while (!stopped) {
  for (let round = 0; round < 200; round += 1) {
    renameSync(String(first), String(spare));
    renameSync(String(second), String(first));
    renameSync(String(spare), String(second));
    swaps += 1;
  }
  await turn();
}
process.send?.(swaps);
