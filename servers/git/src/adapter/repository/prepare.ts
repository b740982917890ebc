import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ConfigEntry } from '../../guard/layout/index.ts';
import { refuse } from '../../guard/refusals.ts';
import { ENVIRONMENT, LIMITS } from '../../policy.ts';
import type { Profile } from '../handle.ts';
import type { RunGit } from './git-runs.ts';
import type { Layout } from './layout.ts';
import { inspectStores, type ObjectStore } from './object-stores.ts';
import { copyPackedRefs, type PackedRefs } from './packed-refs.ts';
import { type Piece, PIECES, putFile, type Taken, takePiece } from './pieces.ts';
import { createPace, hostBytes, inspectTree, type Pace, type TreeWatch } from './plain-tree.ts';
import { privateConfig } from './private-config.ts';
import { copyRefTables } from './ref-tables.ts';
import { findingOf, type Report, treeProblem } from './report.ts';
import { lastValue, readSettings, type Setting, type Settings } from './settings.ts';
import { lstatOrNothing } from './stamp.ts';

/** A private GIT_DIR, and what it was made of. */
export interface Prepared {
  readonly layout: Layout;
  /** The GIT_DIR. */
  readonly directory: string;
  /** Where refs, objects and configuration are: the same one, but for a linked work tree. */
  readonly common: string;
  readonly settings: Settings;
  readonly taken: Map<Piece, Taken>;
  packed: PackedRefs;
  readonly trees: TreeWatch;
  stores: readonly ObjectStore[];
}

export interface Tools {
  readonly blank: Profile;
  readonly report: Report;
  readonly git: RunGit;
  readonly signal: AbortSignal;
  /** One that no other preparation has. */
  readonly name: string;
  /** Refs and objects are linked, when nothing refuses; without, only copies are there. */
  readonly links: boolean;
}

const CONFIG: Piece = {
  base: 'commonDir',
  steps: ['config'],
  bytesMax: LIMITS.configBytesMax,
  rebuilds: true,
  judge: (bytes) => ({ ok: true, shown: bytes }),
};

const WORKTREE_CONFIG: Piece = { ...CONFIG, base: 'gitDir', steps: ['config.worktree'] };

/**
 * Makes the directory that git is shown instead of the repository's own.
 *
 * What is small is copied, so that git reads what was judged. What is large is linked, directory by
 * directory, after every entry was seen to be a plain file. What leads elsewhere or is believed without
 * being checked (`info`, hooks, modules, the settings) is not there at all. A repository with a finding
 * that refuses gets no directory that may be used; its findings are complete all the same.
 */
export async function prepare(layout: Layout, directory: string, tools: Tools): Promise<Prepared> {
  const { report } = tools;
  const pace = createPace(tools.signal);
  const isLinked = layout.commonDir !== layout.gitDir;
  const common = isLinked ? join(directory, 'common') : directory;
  makeSkeleton(directory, common);
  const taken = new Map<Piece, Taken>();
  const settings = await takeSettings(layout, taken, tools);
  takePieces({ layout, directory, common, settings, taken }, report);
  if (isReftable(settings)) await copyRefTables({ layout, directory, common }, taken, report, pace);
  const packed = await copyPackedRefs(layout.commonDir, common, report, pace);
  const trees = await inspectTrees(layout, report, pace);
  const stores = await inspectStores(layout, report, pace);
  const prepared = { layout, directory, common, settings, taken, packed, trees, stores };
  showConfig(prepared, { hasGraph: false });
  if (report.refused || !tools.links) showNothing(prepared);
  else link(prepared);
  return prepared;
}

/** Copies the small files that are in order. */
function takePieces(
  { settings, taken, ...places }: Omit<Prepared, 'packed' | 'trees' | 'stores'>,
  report: Report,
): void {
  const { head, ...others } = PIECES;
  const inTables = isReftable(settings);
  // With reftable HEAD stands in a table, and the file of that name is the same everywhere.
  if (inTables) putFile(join(places.directory, 'HEAD'), 'ref: refs/heads/.invalid\n');
  for (const piece of Object.values(inTables ? others : { head, ...others })) {
    const result = takePiece(piece, places.layout, report);
    if (result === undefined) continue;
    taken.set(piece, result.taken);
    if (result.bytes !== undefined) show(piece, result.bytes, places);
    else if (piece === head) report.add(findingOf('layout.missing', 'HEAD'));
  }
}

function makeSkeleton(directory: string, common: string): void {
  if (common !== directory) {
    mkdirSync(common, { mode: 0o700 });
    writeFileSync(join(directory, 'commondir'), 'common\n', { mode: 0o600 });
    // For our own eyes (objects/shallow.ts): git looks for it in the common directory.
    symlinkSync(join(common, 'shallow'), join(directory, 'shallow'));
  }
  for (const inner of ['info', 'objects', 'objects/info', 'objects/pack']) {
    mkdirSync(join(common, inner), { mode: 0o700 });
  }
  mkdirSync(join(directory, 'info'), { recursive: true, mode: 0o700 });
}

/** Writes what was judged where git looks for it. */
export function show(
  { base, steps }: Piece,
  bytes: Buffer,
  { directory, common }: Pick<Prepared, 'directory' | 'common'>,
): void {
  putFile(join(base === 'commonDir' ? common : directory, ...steps), bytes);
}

async function takeSettings(
  layout: Layout,
  taken: Map<Piece, Taken>,
  tools: Tools,
): Promise<Settings> {
  const all: Setting[] = [];
  const kept: ConfigEntry[] = [];
  const take = async (piece: Piece): Promise<void> => {
    const result = takePiece(piece, layout, tools.report);
    if (result === undefined) return;
    taken.set(piece, result.taken);
    if (result.bytes === undefined) return;
    const where = hostBytes(piece.steps.join('/'));
    const name = `${tools.name}-${where}`;
    const settings = await readSettings(result.bytes, { where, name }, tools);
    // No spread: its words stand on the stack.
    for (const setting of settings.all) all.push(setting);
    for (const entry of settings.kept) kept.push(entry);
  };
  await take(CONFIG);
  if (isOn(lastValue(all, 'extensions.worktreeconfig') ?? 'false')) await take(WORKTREE_CONFIG);
  return { all, kept };
}

/** As git reads a switch; what is no switch counts as one that is on, because then more is looked at. */
export function isOn(value: string): boolean {
  return !/^(?:false|no|off|0|)$/i.test(value);
}

/** The directories that git gets as a whole. */
async function inspectTrees(layout: Layout, report: Report, pace: Pace): Promise<TreeWatch> {
  const watch: TreeWatch = { directories: new Map() };
  if (lstatOrNothing(join(layout.commonDir, 'refs')) === undefined)
    report.add(findingOf('layout.missing', 'refs'));
  for (const top of treesOf(layout)) {
    // oxlint-disable-next-line no-await-in-loop -- one tree after the other, by intent
    await inspectTree(hostBytes(top.from), watch, pace, (where, problem) => {
      report.add(treeProblem({ where, problem }, hostBytes(top.base)));
    });
  }
  return watch;
}

/** Which directories of the repository git gets as a whole, and beneath which private directory. */
function treesOf({
  gitDir,
  commonDir,
}: Layout): readonly { readonly base: string; readonly name: string; readonly from: string }[] {
  const names = ['refs', 'logs'];
  const bases = gitDir === commonDir ? [commonDir] : [commonDir, gitDir];
  return bases.flatMap((base) => names.map((name) => ({ base, name, from: join(base, name) })));
}

export function isReftable(settings: Settings): boolean {
  return keptValueOf(settings, 'extensions', 'refstorage') === 'reftable';
}

/** Writes the configuration that git is shown. */
export function showConfig(
  { common, settings }: Prepared,
  { hasGraph }: { readonly hasGraph: boolean },
): void {
  putFile(join(common, 'config'), privateConfig({ kept: settings.kept, hasGraph }));
}

/** Enough for git to read a copy of the index, which the audit of a refused repository does. */
function showNothing({ directory, common }: Prepared): void {
  putFile(join(directory, 'HEAD'), 'ref: refs/heads/none\n');
  mkdirSync(join(common, 'refs'), { mode: 0o700 });
}

function link(prepared: Prepared): void {
  const { layout, directory, common, stores } = prepared;
  for (const { base, name, from } of treesOf(layout)) {
    const to = join(base === layout.commonDir ? common : directory, name);
    // A link to a directory that is not there yet is no harm: it is looked at when it appears.
    if (name !== 'refs' || lstatOrNothing(from) !== undefined) symlinkSync(from, to, 'junction');
    else mkdirSync(to, { mode: 0o700 });
  }
  const lines = stores.map((store, at) => {
    const own = join(common, `store${at}`);
    mkdirSync(own, { mode: 0o700 });
    linkParts(store, own);
    return `${own}\n`;
  });
  putFile(join(common, 'objects', 'info', 'alternates'), lines.join(''));
}

/** Shows git the parts of a store that were found plain, those that it was not shown before. */
export function linkParts(store: ObjectStore, own: string): void {
  for (const name of store.parts.keys()) {
    const to = join(own, name);
    if (lstatOrNothing(to) === undefined) symlinkSync(join(store.path, name), to, 'junction');
  }
}

function keptValueOf({ kept }: Settings, section: string, name: string): string | undefined {
  return kept.findLast((entry) => entry.section === section && entry.name === name)?.value;
}

/** What every process of git gets that works on this repository. */
export function profileOf(prepared: Prepared, key: string, binary: string): Profile {
  const { layout, directory, settings } = prepared;
  const objectFormat = keptValueOf(settings, 'extensions', 'objectformat');
  return {
    key,
    gitDir: directory,
    workTree: layout.workTree,
    objectFormat: objectFormat === 'sha256' ? 'sha256' : 'sha1',
    operation: undefined,
    env: {
      ...ENVIRONMENT,
      GIT_DIR: directory,
      // No index is there before one was looked through (private-index.ts).
      GIT_INDEX_FILE: join(directory, 'no-index'),
    },
    binary,
    warnings: [],
  };
}

/** Refuses with the code that fits the worst finding. */
export function refuseBy(report: Report): never {
  const { findings } = report.sorted();
  const refusing = findings.filter(({ refuses }) => refuses);
  const detail = refusing.map(({ id, where }) => `${id} ${where}`).join(', ');
  const ids = new Set(refusing.map(({ id }) => id));
  if (refusing.some(({ id, severity }) => severity !== 'breaks' || id === 'layout.special'))
    return refuse('repository.refused', { detail });
  if (ids.has('layout.too_large') || ids.has('layout.crowded'))
    return refuse('repository.too_large', { detail });
  return refuse('repository.broken', { detail });
}
