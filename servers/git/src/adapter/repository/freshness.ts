import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { realOf } from './layout.ts';
import { canBeEntered, inspectPart, type ObjectStore, PARTS } from './object-stores.ts';
import { copyPackedRefs } from './packed-refs.ts';
import { isUntouched, type Piece, takePiece } from './pieces.ts';
import { changedDirectories, createPace, hostBytes, inspectTree, type Pace } from './plain-tree.ts';
import { linkParts, type Prepared, show } from './prepare.ts';
import { type Report, treeProblem } from './report.ts';
import { ABSENT, isSame, lstatOrNothing, type Stamp, stampAt, stampOf } from './stamp.ts';

/** What a look at a prepared repository came to. */
export type Freshness = 'fresh' | 'rebuild';

/**
 * Looks whether what was judged is still what stands there, by asking for times of change, and judges
 * again what is not. Cheap: one `lstat` for each file and each directory of refs. `rebuild` is the answer to a change that reaches so
 * far that a running process of git must not go on.
 *
 * @param thorough asks for the directories of objects as well, which are asked once a second only.
 */
export async function freshen(
  prepared: Prepared,
  report: Report,
  { thorough, signal }: { readonly thorough: boolean; readonly signal: AbortSignal },
): Promise<Freshness> {
  const pace = createPace(signal);
  for (const [piece, taken] of prepared.taken) {
    if (isUntouched(piece, prepared.layout, taken)) continue;
    if (!retake(piece, prepared, report)) return 'rebuild';
  }
  await freshenPacked(prepared, report, pace);
  if (!(await freshenTrees(prepared, report, pace))) return 'rebuild';
  return (await freshenStores(prepared, report, pace, thorough)) ? 'fresh' : 'rebuild';
}

/** False when nothing may go on with what is there. */
function retake(piece: Piece, prepared: Prepared, report: Report): boolean {
  const before = prepared.taken.get(piece);
  const now = takePiece(piece, prepared.layout, report);
  if (now === undefined) return false;
  prepared.taken.set(piece, now.taken);
  if (now.taken.digest === before?.digest) return true;
  if (piece.rebuilds) return false;
  if (now.bytes !== undefined) show(piece, now.bytes, prepared);
  else {
    const directory = piece.base === 'commonDir' ? prepared.common : prepared.directory;
    rmSync(join(directory, ...piece.steps), { force: true });
  }
  return true;
}

async function freshenPacked(prepared: Prepared, report: Report, pace: Pace): Promise<void> {
  const { layout, common } = prepared;
  if (isSame(prepared.packed.stamp, stampAt(join(layout.commonDir, 'packed-refs')))) return;
  prepared.packed = await copyPackedRefs(layout.commonDir, common, report, pace);
  if (prepared.packed.stamp === ABSENT) rmSync(join(common, 'packed-refs'), { force: true });
}

async function freshenTrees(
  { trees, layout }: Prepared,
  report: Report,
  pace: Pace,
): Promise<boolean> {
  for (const top of await changedDirectories(trees, pace)) {
    // A directory that was not there when the private one was made is not linked as it should be.
    if (trees.directories.get(top) === ABSENT) return false;
    // oxlint-disable-next-line no-await-in-loop -- one directory after the other, by intent
    await inspectTree(top, trees, pace, (where, problem) => {
      report.add(treeProblem({ where, problem }, hostBytes(layout.commonDir)));
    });
  }
  return true;
}

async function freshenStores(
  prepared: Prepared,
  report: Report,
  pace: Pace,
  thorough: boolean,
): Promise<boolean> {
  const stores: ObjectStore[] = [];
  for (const [at, store] of prepared.stores.entries()) {
    if (!isSame(store.alternates, stampAt(join(store.path, 'info', 'alternates')))) return false;
    // oxlint-disable-next-line no-await-in-loop -- one store after the other, by intent
    const fresh = await freshenStore(store, prepared, { report, pace, thorough });
    if (fresh === undefined) return false;
    if (fresh !== store) linkParts(fresh, join(prepared.common, `store${at}`));
    stores.push(fresh);
  }
  prepared.stores = stores;
  return true;
}

async function freshenStore(
  store: ObjectStore,
  { layout }: Prepared,
  { report, pace, thorough }: { report: Report; pace: Pace; thorough: boolean },
): Promise<ObjectStore | undefined> {
  const stamp = stampInPlace(store.path);
  if (stamp === undefined) return undefined;
  const isGrown = !isSame(store.stamp, stamp);
  const names = isGrown || thorough ? PARTS : ['pack'];
  const parts = new Map(store.parts);
  let changed = isGrown;
  for (const name of names) {
    const path = join(store.path, name);
    const known = parts.get(name) ?? ABSENT;
    if (isSame(known, stampAt(path))) continue;
    // oxlint-disable-next-line no-await-in-loop -- one directory after the other, by intent
    const now: Stamp | undefined = await inspectPart(path, layout, report, pace);
    changed = true;
    if (now === undefined) parts.delete(name);
    else parts.set(name, now);
  }
  return changed ? { ...store, stamp, parts } : store;
}

/**
 * The stamp of a directory that still stands where it was found, and is open to us. It was a real path
 * within the bounds; since then a directory above it can have become a link, which changes no time of
 * anything beneath.
 */
function stampInPlace(path: string): Stamp | undefined {
  if (realOf(path) !== path) return undefined;
  if (!canBeEntered(path)) return undefined;
  const stats = lstatOrNothing(path);
  return stats?.isDirectory() === true ? stampOf(stats) : undefined;
}
