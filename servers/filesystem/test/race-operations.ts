import type { TestClient } from '@secure-mcp/testkit';

/** What one call told: everything that it said, or that it was refused. */
type Told = Promise<string>;

/** What is done while names change their meaning: each way in which a server opens what a name leads to. */
export const OPERATIONS: Readonly<Record<string, (client: TestClient) => Told>> = {
  'read_file, a directory is swapped': (client) =>
    said(client, 'read_file', { path: 'swap/file.txt' }),
  'read_file, the file is swapped': (client) => said(client, 'read_file', { path: 'leaf.txt' }),
  'read_file, a directory on the way is swapped': (client) =>
    said(client, 'read_file', { path: 'way/through/file.txt' }),
  'read_file, as exact bytes': async (client) => {
    const { structured } = await client.call('read_file', {
      path: 'swap/file.txt',
      encoding: 'base64',
    });
    return Buffer.from(String(structured['data'] ?? ''), 'base64').toString() || 'refused';
  },
  read_files: (client) =>
    said(client, 'read_files', { paths: ['swap/file.txt', 'leaf.txt', 'way/through/file.txt'] }),
  list_directory: (client) => said(client, 'list_directory', { path: 'swap', details: true }),
  'list_directory, as a tree': (client) => said(client, 'list_directory', { depth: 4 }),
  find_files: (client) =>
    said(client, 'find_files', { path: 'swap', glob: '*', type: 'any', sort: 'size' }),
  'find_files, in the whole tree': (client) => said(client, 'find_files', { glob: '*' }),
  search_text: (client) =>
    said(client, 'search_text', { path: 'swap', pattern: 'inside|OUT|mcp:x' }),
  'search_text, in the whole tree': (client) =>
    said(client, 'search_text', { pattern: 'inside|OUT|mcp:x' }),
  'a resource': async (client) => {
    const [content] = await client.read('workspace://root/swap/file.txt').catch(() => []);
    return content === undefined ? 'refused' : JSON.stringify(content);
  },
  'a completion': async (client) => {
    const names = await client
      .complete('workspace://{root}/{+path}', 'path', 'swap/', { root: 'root' })
      .catch(() => []);
    return names.length === 0 ? 'refused' : names.join();
  },
};

/** Calls a tool; gives everything that the answer says. */
export async function said(client: TestClient, name: string, args: object): Told {
  const { isError, text, structured } = await client.call(name, args);
  return isError ? 'refused' : `${text}${JSON.stringify(structured)}`;
}
