import { join } from 'node:path';

import { CLIENTS, connect, makeTemp, type TestClient, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';

const temp = makeTemp();
afterAll(() => temp.remove());

temp.write('open/file.txt', 'open');
temp.write('open/drafts/secret.txt', 'draft');
temp.write('open/.env.example', 'EXAMPLE=1');
temp.write('open/.env', 'SECRET=1');
temp.write('open/notes.private', 'private');
temp.write('closed/file.txt', 'CLOSED');

const policy = temp.write(
  'policy.json',
  JSON.stringify({
    version: 1,
    principals: [
      {
        match: { kind: 'local' },
        tools: ['*'],
        resources: ['workspace'],
        files: {
          roots: [
            { root: 'open', rights: ['read'], deny: ['drafts/**', '*.private', '.env.example'] },
          ],
        },
      },
    ],
  }),
);

describe.each(CLIENTS)('a policy, with the %s client', (kind) => {
  let client: TestClient;
  beforeAll(async () => {
    const roots = [`open=${join(temp.path, 'open')}`, `closed=${join(temp.path, 'closed')}`];
    client = await connect(
      kind,
      bundle(...roots, '--policy', policy, '--allow', '.env', '--allow', '*.private'),
    );
  });
  afterAll(() => client.close());

  test(verifies('E5.roots', 'a root that is not granted does not exist'), async () => {
    expect((await client.call('list_roots')).structured['roots']).toEqual([
      { name: 'open', writable: false },
    ]);
    expect(await client.listResources()).toMatchObject([{ name: 'open' }]);
    expect(await client.complete('workspace://{root}/{+path}', 'root', '')).toEqual(['open']);
    const missing = await client.call('read_file', { path: 'nowhere:file.txt' });
    for (const path of ['closed:file.txt', join(temp.path, 'closed/file.txt')]) {
      expect((await client.call('read_file', { path })).text).toBe(missing.text);
    }
    await expect(client.read('workspace://closed/file.txt')).rejects.toThrow('path.refused');
    await expect(
      client.complete('workspace://{root}/{+path}', 'path', '', { root: 'closed' }),
    ).rejects.toThrow('path.refused');
  });

  test(
    verifies(
      'E5.deny',
      'what the policy closes stays closed, also against the operator’s allow list',
    ),
    async () => {
      expect((await client.call('read_file', { path: '.env' })).structured['text']).toBe(
        'SECRET=1',
      );
      for (const path of ['drafts/secret.txt', 'notes.private', '.env.example']) {
        expect((await client.call('read_file', { path })).text).toMatch(/^path\.denied/);
      }
      const { structured } = await client.call('search_text', {
        pattern: 'draft|private|open|EXAMPLE',
      });
      expect(structured['hits']).toMatchObject([{ path: 'open:file.txt' }]);
      const found = await client.call('find_files', { glob: '*' });
      expect(JSON.stringify(found.structured)).not.toMatch(/secret\.txt|notes\.private/);
    },
  );
});
