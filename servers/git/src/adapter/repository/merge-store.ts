import {
  closeSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { Profile } from '../handle.ts';
import { openPlain } from './plain-file.ts';
import { entriesOf, hostBytes, type Pace } from './plain-tree.ts';
import type { Prepared } from './prepare.ts';
import { isSame, lstatOrNothing, type Stamp, UNSETTLED } from './stamp.ts';

/**
 * A store of objects for the one command that writes some, `merge-tree`.
 *
 * An object that git would write and that is there already is not written again: git sets its time
 * instead, so that it is not pruned soon. It does so also for what it only borrows, through links, and
 * with that a preview of a merge would change files of the repository. So for this command the loose
 * objects are copies, whose times may be set, and each pack is linked by itself and looks like one of
 * leftovers (a file `.mtimes` beside it), whose time git never sets.
 */
export interface MergeStore {
  /** Brings the store up to date. The profile is for this one command. Refuses `object.too_large`. */
  profile(pace: Pace): Promise<Profile>;
}

/** Bytes of all loose objects together: git packs them long before. */
const COPIED_BYTES_MAX = 268_435_456;

export function createMergeStore(prepared: Prepared, profile: Profile): MergeStore {
  const { common } = prepared;
  const directory = join(common, 'merge-objects');
  const synced = new Map<string, Stamp>();
  let budget = COPIED_BYTES_MAX;
  let turn: Promise<void> = Promise.resolve();

  const copyLoose = async (from: string, to: string, pace: Pace): Promise<void> => {
    mkdirSync(to, { recursive: true, mode: 0o700 });
    for (const { name } of entriesOf(hostBytes(from))) {
      if (!OBJECT.test(name) || lstatOrNothing(join(to, name)) !== undefined) continue;
      // oxlint-disable-next-line no-await-in-loop -- one file after the other, by intent
      await pace.rest();
      budget -= copyFile(from, name, { to, bytesMax: budget });
    }
  };

  const sync = async (pace: Pace): Promise<void> => {
    makeSkeleton(directory, common);
    for (const { path, parts } of prepared.stores) {
      for (const [name, stamp] of parts) {
        const part = join(path, name);
        if (isSame(synced.get(part) ?? UNSETTLED, stamp)) continue;
        if (name === 'pack') linkPacks(part, join(directory, name));
        // oxlint-disable-next-line no-await-in-loop -- one directory after the other, by intent
        else await copyLoose(part, join(directory, name), pace);
        synced.set(part, stamp);
      }
    }
  };

  return {
    async profile(pace) {
      turn = turn.catch(() => undefined).then(() => sync(pace));
      await turn;
      return { ...profile, env: { ...profile.env, GIT_OBJECT_DIRECTORY: directory } };
    },
  };
}

function makeSkeleton(directory: string, common: string): void {
  if (lstatOrNothing(directory) !== undefined) return;
  for (const inner of ['', 'info', 'pack']) mkdirSync(join(directory, inner), { mode: 0o700 });
  // It need not be there yet (commit-graph.ts).
  const graph = join('info', 'commit-graph');
  symlinkSync(join(common, 'objects', graph), join(directory, graph));
}

const OBJECT = /^[0-9a-f]{38}(?:[0-9a-f]{24})?$/;
const PACK = /^pack-[0-9a-f]{40}(?:[0-9a-f]{24})?\.(?:pack|idx)$/;

function linkPacks(from: string, to: string): void {
  for (const { name, kind } of entriesOf(hostBytes(from))) {
    if (kind !== 'file' || !PACK.test(name) || lstatOrNothing(join(to, name)) !== undefined)
      continue;
    // The mark first: git must see no pack without it.
    if (name.endsWith('.idx'))
      writeFileSync(join(to, name.replace(/idx$/, 'mtimes')), '', { mode: 0o600 });
    symlinkSync(join(from, name), join(to, name));
  }
}

/** Copies one file and says how many bytes it had. */
function copyFile(
  from: string,
  name: string,
  { to, bytesMax }: { readonly to: string; readonly bytesMax: number },
): number {
  const opened = openPlain(from, [name], Math.min(bytesMax, LIMITS.blobBytesMax));
  if (opened.kind === 'problem') return refuse('object.too_large', { detail: opened.problem });
  if (opened.kind !== 'file') return 0;
  const target = openSync(join(to, `${name}.new`), 'w', 0o600);
  try {
    const buffer = Buffer.allocUnsafe(Math.min(opened.size, PIECE_BYTES) + 1);
    for (
      let length = readSync(opened.fd, buffer);
      length > 0;
      length = readSync(opened.fd, buffer)
    ) {
      writeSync(target, buffer, 0, length);
    }
  } finally {
    closeSync(target);
    closeSync(opened.fd);
  }
  renameSync(join(to, `${name}.new`), join(to, name));
  return opened.size;
}

const PIECE_BYTES = 1_048_576;
