import { expect, test } from 'vitest';

import { nodeProblem } from '../../src/cli/node-version.ts';

test.each(['v22.22.2', 'v22.23.0', 'v24.0.0', 'v26.1.0', process.version])(
  '%s serves',
  (version) => {
    expect(nodeProblem(version)).toBeUndefined();
  },
);

test.each(['v18.20.0', 'v20.20.2', 'v22.22.1', 'v22.9.9'])('%s does not', (version) => {
  expect(nodeProblem(version)).toBe(`needs Node 22.22.2 or newer, this is ${version}`);
});
