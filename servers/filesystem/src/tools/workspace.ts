import { defineResource, type ResourceContent } from '@secure-mcp/runtime';
import { Refusal } from '@secure-mcp/validation';

import type { ReadOutcome } from '../adapter/index.ts';
import {
  nameFromDisk,
  type PathInRoot,
  refuse,
  SCHEME,
  START,
  textFromName,
  uriOf,
} from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { entryLine, pathOf } from './words.ts';

/** Names that one completion looks at; the protocol shows at most 100. */
const COMPLETIONS_MAX = 100;
const PAGES_HINT = 'Use read_file or list_directory, which work in pages.';

/** The files beneath the roots, as resources. The list names the roots only: a tree is not a list. */
export const workspace = defineResource({
  name: 'workspace',
  title: 'Workspace files',
  description: 'Files and directories beneath the roots.',
  uriTemplate: `${SCHEME}//{root}/{+path}`,
  scheme: SCHEME,
  scope: 'files:read',

  list({ rights }: Context) {
    return rights.map(({ root }) => ({
      uri: uriOf(root, []),
      name: root,
      mimeType: 'inode/directory',
    }));
  },

  async read(text, context) {
    const { uri, disk, secrets } = context;
    const asked = uri(text);
    const options = { ...WHOLE, hideSecrets: secrets !== 'allow' };
    try {
      const [outcome] = await disk.read([asked], { ...options, encoding: 'auto' });
      if (outcome?.kind !== 'binary') return [contentOf(text, outcome)];
      const [bytes] = await disk.read([asked], { ...options, encoding: 'base64' });
      return [contentOf(text, bytes)];
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'path.not_a_file') throw error;
      return [await directoryContent(text, asked, context)];
    }
  },

  async complete(variable, value, known, { rights, uri, disk }) {
    if (variable === 'root')
      return rights.map(({ root }) => root).filter((root) => root.startsWith(value));
    const root = known['root'] ?? rights[0]?.root;
    if (variable !== 'path' || root === undefined) return [];
    const slash = value.lastIndexOf('/') + 1;
    const directory = uri(uriText(root, value.slice(0, slash)));
    const { entries } = await disk.list(directory, {
      ...ONE_LEVEL,
      prefix: uri(uriText(root, value.slice(slash))).steps[0],
    });
    return entries
      .filter(({ denied }) => denied !== true)
      .map(({ steps, type }) => {
        const name = steps.map((step) => textFromName(nameFromDisk(step))).join('/');
        return `${value.slice(0, slash)}${name}${type === 'directory' ? '/' : ''}`;
      });
  },
});

const WHOLE = {
  startLine: 1,
  startColumn: 1,
  lines: Infinity,
  tail: false,
  bytes: LIMITS.readBytesMax,
  offset: 0,
  media: 'whole',
  several: false,
} as const;

const ONE_LEVEL = {
  depth: 1,
  limit: COMPLETIONS_MAX,
  details: false,
  ignored: true,
  cursor: START,
} as const;

/** What a caller has typed so far, as the URI that it will become. */
function uriText(root: string, path: string): string {
  const steps = [root, ...path.split('/')].map(encodeURIComponent);
  return `${SCHEME}//${steps.join('/')}`;
}

/** A resource is whole or refused: it has no place for a flag that says that something is missing. */
function contentOf(uri: string, outcome: ReadOutcome | undefined): ResourceContent {
  switch (outcome?.kind) {
    case 'text':
      if (outcome.truncated) refuse('file.too_large', { hint: PAGES_HINT });
      return { uri, mimeType: 'text/plain', text: outcome.text };
    case 'media':
      return {
        uri,
        mimeType: outcome.mimeType,
        blob: Buffer.from(outcome.data).toString('base64'),
      };
    case 'bytes':
      if (outcome.nextOffset !== undefined) refuse('file.too_large', { hint: PAGES_HINT });
      return { uri, mimeType: 'application/octet-stream', blob: outcome.data };
    case 'binary':
    case 'refused':
    case undefined:
      return refuse('path.refused');
  }
}

async function directoryContent(
  uri: string,
  asked: PathInRoot,
  { disk }: Context,
): Promise<ResourceContent> {
  const { entries, next } = await disk.list(asked, {
    ...ONE_LEVEL,
    prefix: undefined,
    limit: LIMITS.entriesMax,
  });
  if (next !== undefined) refuse('file.too_large', { hint: PAGES_HINT });
  const lines = entries.map(({ steps, ...entry }) =>
    entryLine({ path: pathOf(asked, steps), ...entry }),
  );
  return { uri, mimeType: 'inode/directory', label: lines.join('\n') };
}
