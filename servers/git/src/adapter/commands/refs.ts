import { textFromByteString } from '@secure-mcp/validation';

import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { RefsQuery } from '../repository.ts';
import type { Ref, RefPage } from '../results.ts';
import { ListDigest } from './list-digest.ts';
import { oidFromGit } from './oids.ts';
import { describeRefs, type RawRef } from './ref-details.ts';
import { eachRef } from './ref-listing.ts';

/**
 * Branches, tags and other refs: all are counted, those of the page are described. Names, ids and links
 * come from one pass in which git opens no object, unless the order or the question needs it; so a ref
 * to something broken or huge harms only itself. One whose name is longer than that of any file of git is
 * left out: tables of refs can hold names of megabytes.
 */
export async function refs(handle: Handle, query: RefsQuery): Promise<RefPage> {
  const { skip, limit } = query;
  const isWanted = filterOf(query);
  const digest = new ListDigest();
  const page: RawRef[] = [];
  let total = 0;
  const cut = await eachRef(handle, query, (line, cutLine) => {
    const ref = cutLine ? undefined : parseRef(line);
    if (ref === undefined || !isWanted(ref)) return;
    digest.add(line);
    if (total >= skip && page.length < limit) page.push(ref);
    total += 1;
  });
  return {
    refs: await describeRefs(handle, page),
    total,
    more: cut || total > skip + page.length,
    digest: digest.soFar(),
  };
}

function filterOf({ kinds, name }: RefsQuery): (ref: RawRef) => boolean {
  const part = name?.toLowerCase();
  return (ref) =>
    ref.name.length <= LIMITS.refBytesMax &&
    kinds.includes(kindOf(ref.name)) &&
    (part === undefined || textFromByteString(ref.name).toLowerCase().includes(part));
}

/** No name of a ref holds a control character: nothing in one can look like another field or line. */
function parseRef(line: string): RawRef {
  const [oid = '', head, symbolic = '', upstream = '', name = ''] = line.split('\0');
  return {
    oid: oidFromGit(oid),
    current: head === '*',
    symbolic: symbolic === '' ? undefined : symbolic,
    hasUpstream: upstream !== '',
    name,
    kind: kindOf(name),
  };
}

function kindOf(name: string): Ref['kind'] {
  if (name.startsWith('refs/heads/')) return 'branch';
  if (name.startsWith('refs/remotes/')) return 'remote';
  return name.startsWith('refs/tags/') ? 'tag' : 'other';
}
