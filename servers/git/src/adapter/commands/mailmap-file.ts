import { Refusal } from '@secure-mcp/validation';

import { parseRevision, parseTreePath } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import { readPlain } from '../repository/plain-file.ts';

/**
 * Reads the mailmap that plain git would use: that of the work tree, or of HEAD in a bare repository.
 * One that is no plain file, or too large, says nothing.
 */
export async function readMailmap(handle: Handle): Promise<string> {
  const { workTree } = handle.profile;
  const bytes = workTree === undefined ? await fromHead(handle) : fromWorkTree(workTree);
  return bytes?.toString('utf8') ?? '';
}

function fromWorkTree(workTree: string): Buffer | undefined {
  const file = readPlain(workTree, ['.mailmap'], LIMITS.configBytesMax);
  return file.kind === 'file' ? file.bytes : undefined;
}

async function fromHead({ objects }: Handle): Promise<Buffer | undefined> {
  try {
    const head = await objects.commitOf(parseRevision('HEAD'));
    const file = await objects.at(head, parseTreePath('.mailmap'));
    if (file?.kind !== 'blob' || file.size > LIMITS.configBytesMax) return undefined;
    return await objects.bytes(file.oid, LIMITS.configBytesMax);
  } catch (error) {
    // Before the first commit there is none.
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
