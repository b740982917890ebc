import { type Argument, option, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle, RefState } from '../handle.ts';
import type { RefsQuery } from '../repository.ts';
import { bytesOf, isSameState } from './ref-state.ts';
import { LINE_FEED, readFields, type Take } from './z-fields.ts';

/** An id, and three names that each could be a file's. */
const LINE_BYTES_MAX = 80 + 3 * LIMITS.refBytesMax;

/** A list of git's, and the state of the refs at which it was asked for. */
interface KeptList {
  readonly state: RefState;
  /** All lines, each with its end. */
  readonly text: string;
}

/**
 * Hands out the lines of git's list of refs. A list for which git opens no object is remembered, if it is
 * short, for as long as the files of refs are the same ones: their times are asked with each call.
 *
 * @returns whether its end is missing.
 */
export async function eachRef(
  handle: Handle,
  query: RefsQuery,
  take: (line: string, cut: boolean) => void,
): Promise<boolean> {
  const { cache, refFiles } = handle;
  const args = argumentsOf(query);
  if (needsObjects(query)) return await listed(handle, args, take);
  const name = `refs ${args.join(' ')}`;
  const kept = cache.get<KeptList>(name);
  // Before git is asked: what changes meanwhile has another state.
  const state = refFiles.state(kept?.state);
  if (kept !== undefined && state !== undefined && isSameState(kept.state, state)) {
    for (const line of kept.text.split('\n').slice(0, -1)) take(line, false);
    return false;
  }
  let text: string | undefined = '';
  const cut = await listed(handle, args, (line, cutLine) => {
    const isKept = text !== undefined && text.length + line.length < LIMITS.refListBytesMax;
    text = isKept && !cutLine ? `${text ?? ''}${line}\n` : undefined;
    take(line, cutLine);
  });
  if (state !== undefined && text !== undefined && !cut) {
    // A copy: what was put together piece by piece would hold each piece.
    const flat = Buffer.from(text, 'latin1').toString('latin1');
    cache.set(name, { state, text: flat }, flat.length + bytesOf(state));
  }
  return cut;
}

async function listed(handle: Handle, args: readonly Argument[], take: Take): Promise<boolean> {
  const { cut } = await readFields(
    handle,
    {
      args,
      separator: LINE_FEED,
      fieldBytesMax: LINE_BYTES_MAX,
      bytesMax: LIMITS.countedBytesMax,
    },
    take,
  );
  return cut;
}

/** An order or a question to which objects are the answer. */
function needsObjects({ contains, mergedInto, sort }: RefsQuery): boolean {
  return contains !== undefined || mergedInto !== undefined || sort !== 'name';
}

const PREFIXES = {
  branch: word('refs/heads'),
  remote: word('refs/remotes'),
  tag: word('refs/tags'),
} as const;

function argumentsOf({ kinds, contains, mergedInto, sort }: RefsQuery): readonly Argument[] {
  return [
    word('for-each-ref'),
    word('--format=%(objectname)%00%(HEAD)%00%(symref)%00%(upstream)%00%(refname)'),
    sort === 'name' ? word('--sort=refname') : word('--sort=-creatordate'),
    ...(contains === undefined ? [] : [option('--contains=', contains)]),
    ...(mergedInto === undefined ? [] : [option('--merged=', mergedInto)]),
    // Other refs have no prefix of their own.
    ...kinds.flatMap((kind) =>
      kinds.includes('other') || kind === 'other' ? [] : [PREFIXES[kind]],
    ),
  ];
}
