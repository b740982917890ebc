import { Refusal, textFromByteString } from '@secure-mcp/validation';

import { type Oid, ref, refNameFromGit, type RefName, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import { readMessage } from '../objects/message.ts';
import { shortened } from '../objects/shortened.ts';
import type { ObjectInfo, Ref, Tag } from '../results.ts';
import { whileRefsStay } from './ref-state.ts';
import { LINE_FEED, readFields, utf8 } from './z-fields.ts';

/** A ref as it is listed. Its names are binary strings. */
export interface RawRef {
  readonly oid: Oid;
  readonly name: string;
  readonly symbolic: string | undefined;
  readonly current: boolean;
  /** The settings name one for it; it need not be there. */
  readonly hasUpstream: boolean;
  readonly kind: Ref['kind'];
}

/** Looks up what the refs of one page point to, and how far their branches are from their upstreams. */
export async function describeRefs(
  handle: Handle,
  refs: readonly RawRef[],
): Promise<readonly Ref[]> {
  const [upstreams, targets] = await Promise.all([
    upstreamsOf(handle, refs),
    targetsOf(handle, refs),
  ]);
  return refs.map(({ oid, name, symbolic, current, kind }) => ({
    name: textFromByteString(name),
    kind,
    oid,
    symbolic: symbolic === undefined ? undefined : textFromByteString(symbolic),
    current,
    ...(targets.get(oid) ?? MISSING),
    ...(upstreams.get(name) ?? NO_UPSTREAM),
  }));
}

type Upstream = Pick<Ref, 'upstream' | 'ahead' | 'behind' | 'gone'>;

const NO_UPSTREAM: Upstream = {
  upstream: undefined,
  ahead: undefined,
  behind: undefined,
  gone: false,
};

/** Counting the commits between two branches walks their history, so it is done for one page only. */
async function upstreamsOf(
  handle: Handle,
  refs: readonly RawRef[],
): Promise<ReadonlyMap<string, Upstream>> {
  const names = refs.flatMap(({ hasUpstream, name }) => (hasUpstream ? argumentsOf(name) : []));
  // Without a name the command would list all.
  if (names.length === 0) return new Map();
  const question = `upstreams ${names.join(' ')}`;
  return await whileRefsStay(handle, question, () => askForUpstreams(handle, names), sizeOf);
}

async function askForUpstreams(
  handle: Handle,
  names: readonly RefName[],
): Promise<ReadonlyMap<string, Upstream>> {
  const upstreams = new Map<string, Upstream>();
  await readFields(
    handle,
    {
      args: [
        word('for-each-ref'),
        word('--format=%(refname)%00%(upstream)%00%(upstream:track,nobracket)'),
        ...names.map((name) => ref(name)),
      ],
      separator: LINE_FEED,
    },
    (line) => {
      const [name = '', upstream = '', track = ''] = line.split('\0');
      if (upstream !== '') upstreams.set(name, upstreamOf(upstream, track));
    },
  );
  return upstreams;
}

/** About the bytes that they take in memory. */
function sizeOf(upstreams: ReadonlyMap<string, Upstream>): number {
  return Array.from(upstreams).reduce(
    (sum, [name, { upstream = '' }]) => sum + 2 * (name.length + upstream.length) + 256,
    0,
  );
}

/** A name in other bytes than UTF-8 cannot be an argument; such a branch is listed without its upstream. */
function argumentsOf(bytes: string): readonly RefName[] {
  const name = utf8(bytes);
  const parsed = refNameFromGit(name);
  const isSame = Buffer.from(name, 'utf8').toString('latin1') === bytes;
  return isSame && parsed !== undefined ? [parsed] : [];
}

/** Reads `ahead 1, behind 2`, `gone`, or nothing where both are the same. */
function upstreamOf(upstream: string, track: string): Upstream {
  const gone = track === 'gone';
  const count = (pattern: RegExp): number | undefined =>
    gone ? undefined : Number(pattern.exec(track)?.[1] ?? 0);
  return {
    upstream: textFromByteString(upstream),
    ahead: count(/ahead (\d+)/),
    behind: count(/behind (\d+)/),
    gone,
  };
}

type Target = Pick<Ref, 'objectKind' | 'peeled' | 'at' | 'subject'>;

const MISSING: Target = { objectKind: undefined, peeled: undefined, at: undefined, subject: '' };

async function targetsOf(
  handle: Handle,
  refs: readonly RawRef[],
): Promise<ReadonlyMap<Oid, Target>> {
  const oids = [...new Set(refs.map(({ oid }) => oid))];
  const infos = (await Promise.all(oids.map((oid) => handle.objects.info(oid)))).filter(
    (info) => info !== undefined,
  );
  const targets = new Map<Oid, Target>(
    infos.map(({ oid, kind }) => [oid, { ...MISSING, objectKind: kind }]),
  );
  // What is too large, by itself or with those before it, is named without being read.
  let left: number = LIMITS.commitsBytesMax;
  const readable = infos.filter(({ size }) => {
    if (size > Math.min(left, LIMITS.messageBytesMax)) return false;
    left -= size;
    return true;
  });
  await describeCommits(handle, readable, targets);
  await describeTags(handle, readable, targets);
  return targets;
}

async function describeCommits(
  { objects }: Handle,
  infos: readonly ObjectInfo[],
  targets: Map<Oid, Target>,
): Promise<void> {
  const oids = infos.filter(({ kind }) => kind === 'commit').map(({ oid }) => oid);
  for (const { oid, committer, subject } of await objects.commits(oids)) {
    targets.set(oid, { objectKind: 'commit', peeled: undefined, at: committer.at, subject });
  }
}

async function describeTags(
  { objects }: Handle,
  infos: readonly ObjectInfo[],
  targets: Map<Oid, Target>,
): Promise<void> {
  const oids = infos.filter(({ kind }) => kind === 'tag').map(({ oid }) => oid);
  await Promise.all(
    oids.map(async (oid) => {
      const tag = await readableTag(objects, oid);
      // The ref is named with what is known of it; its neighbours have nothing to do with it.
      if (tag === undefined) return;
      targets.set(oid, {
        objectKind: 'tag',
        peeled: await endOf(objects, tag),
        at: tag.tagger?.at,
        subject: shortened(readMessage(tag.message).subject, LIMITS.subjectCharactersMax),
      });
    }),
  );
}

/** A tag, unless it is no well-formed one. */
async function readableTag(objects: Handle['objects'], oid: Oid): Promise<Tag | undefined> {
  try {
    return await objects.tag(oid);
  } catch (error) {
    if (error instanceof Refusal && UNREADABLE.has(error.code)) return undefined;
    throw error;
  }
}

const UNREADABLE: ReadonlySet<string> = new Set(['object.too_large', 'repository.broken']);

/** Where a chain of tags ends: at what is no tag, is missing, or is too large to be read. */
async function endOf(objects: Handle['objects'], tag: Tag): Promise<Oid> {
  let { target, kind } = tag;
  for (let depth = 0; kind === 'tag' && depth < LIMITS.tagsMax; depth += 1) {
    // Each tag says where the next one is, and may say of anything that it is a tag.
    // oxlint-disable-next-line no-await-in-loop
    const info = await objects.info(target);
    if (info?.kind !== 'tag' || info.size > LIMITS.messageBytesMax) break;
    // oxlint-disable-next-line no-await-in-loop
    const next = await readableTag(objects, target);
    if (next === undefined) break;
    ({ target, kind } = next);
  }
  return target;
}
