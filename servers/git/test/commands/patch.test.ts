import { verifies } from '@secure-mcp/testkit';
import { expect, test } from 'vitest';

import { NamedQueue } from '../../src/adapter/commands/named-queue.ts';
import { PatchPage } from '../../src/adapter/commands/patch.ts';
import { createLiveBytes } from '../process/live-bytes.ts';

const HEADER = 'diff --git a/large b/large';
const PAGE_BYTES = 1_000_000;
const LINE_BYTES = 1_000_000;

test(
  verifies('C10.repository-bombs', 'of a patch that is larger than a page nothing is kept'),
  () => {
    const wanted = new NamedQueue<number>();
    wanted.add(HEADER, 0);
    const page = new PatchPage(wanted, PAGE_BYTES);
    const liveBytes = createLiveBytes('heapUsed');
    page.line(HEADER, false);
    const before = liveBytes();
    for (let at = 0; at < 60; at += 1) page.line(String(at).padEnd(LINE_BYTES, 'x'), false);
    expect(liveBytes() - before).toBeLessThan(5 * LINE_BYTES);
    page.finish();
    expect([...page.tooLarge]).toEqual([0]);
    expect(page.text).toBe('');
  },
);
