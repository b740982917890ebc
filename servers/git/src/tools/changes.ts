import type { Found } from '@secure-mcp/runtime';
import * as z from 'zod';

import type { ChangedFile, Changes } from '../adapter/index.ts';
import type { Context } from './context.ts';
import { screenPatch } from './screen-patch.ts';
import { counted, listOf, present } from './words.ts';

/** How changes are told: the files as a list, the patch once, as text. */

export const FILE = z.strictObject({
  path: z.string(),
  from: z.string().optional(),
  kind: z.string(),
  added: z.int().optional(),
  removed: z.int().optional(),
  binary: z.boolean().optional(),
  /** Where it changed: both, octal. */
  modes: z.string().optional(),
  /** The patch did not fit, or nobody reads it; naming the file in `paths` shows it. */
  no_patch: z.boolean().optional(),
});
export type FileFacts = z.output<typeof FILE>;

export const FILES = listOf(FILE);

export const TOTALS = z.strictObject({ files: z.int(), added: z.int(), removed: z.int() });

/** Fields that hold paths, which the adapter has made visible. */
export const CHANGE_LABELS = ['path', 'from'] as const;

export function fileFacts(file: ChangedFile): FileFacts {
  const { path, kind, from, added, removed, binary, oldMode, newMode } = file;
  const isModeChange = oldMode !== newMode && kind !== 'added' && kind !== 'deleted';
  return {
    path,
    kind,
    ...(added !== undefined && { added }),
    ...(removed !== undefined && { removed }),
    ...present({ from, binary, modes: isModeChange ? `${oldMode} ${newMode}` : undefined }),
  };
}

/** The path last: nothing stands behind a name that a name could imitate. */
export function fileLines(file: FileFacts): readonly string[] {
  const {
    path,
    from,
    kind,
    added,
    removed,
    binary = false,
    modes,
    no_patch: noPatch = false,
  } = file;
  const lines = added === undefined ? '' : `+${String(added)} -${String(removed ?? 0)}`;
  const words = [
    kind.padEnd(WIDTH),
    binary ? 'binary' : lines,
    modes ?? '',
    noPatch ? 'no patch' : '',
  ];
  const line = [...words.filter((word) => word !== ''), path].join('  ');
  return from === undefined ? [line] : [line, `${'from'.padStart(WIDTH)}  ${from}`];
}

/** Most kinds of a change are not longer. */
const WIDTH = 8;

/** Changes as fields of an answer. */
export function changesFacts(
  { files, totals, patch, withheld }: Changes,
  screening: Pick<Context, 'secrets' | 'hide'>,
): ChangesFacts {
  const left = new Set(withheld);
  return {
    files: files.map((file) => ({
      ...fileFacts(file),
      ...(left.has(file.path) && { no_patch: true }),
    })),
    totals: { ...totals },
    ...present({ patch: screenPatch(patch, screening) }),
  };
}

interface ChangesFacts {
  readonly files: FileFacts[];
  readonly totals: z.output<typeof TOTALS>;
  readonly patch?: string;
}

/** `3 files, +10 -2.` */
export function totalsText({ files, added, removed }: z.output<typeof TOTALS>): string {
  return `${counted(files, 'file')} changed, +${String(added)} -${String(removed)}.`;
}

/** How to see the patches that are not in the answer. */
export function noPatchText(files: unknown): string {
  const isLeftOut = z
    .array(FILE)
    .default([])
    .parse(files)
    .some((file) => file.no_patch === true);
  return isLeftOut
    ? 'Patches are left out: name such a file in paths, or take more max_bytes.'
    : '';
}

/** Files and patch, each between marks of its own: a patch can hold what looks like a list of files. */
export function changesFound({
  files = [],
  patch,
}: {
  readonly files?: unknown;
  readonly patch?: string | undefined;
}): readonly Found[] {
  const lines = z.array(FILE).parse(files).flatMap(fileLines);
  return [
    ...(lines.length === 0 ? [] : [{ head: 'Files:', text: lines.join('\n') }]),
    ...(patch === undefined ? [] : [{ head: 'Patch:', text: patch }]),
  ];
}
