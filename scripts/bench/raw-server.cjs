/**
 * The practical limit: a JSON-RPC loop over stdio that does each operation directly, without SDK,
 * schema, policy, sandbox, limits or trail. No server can be faster; ours is measured against it.
 */
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const root = process.argv[2];
const stats = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'raw', version: '1' },
};

function* files(directory, prefix = '') {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory())
      yield* files(path.join(directory, entry.name), `${prefix}${entry.name}/`);
    else yield `${prefix}${entry.name}`;
  }
}

const operations = {
  read_file: ({ path: file }) => fs.readFileSync(path.join(root, file), 'utf8'),
  list_directory: ({ path: directory }) =>
    fs
      .readdirSync(path.join(root, directory), { withFileTypes: true })
      .map((entry) => ({ path: entry.name, type: entry.isDirectory() ? 'directory' : 'file' })),
  find_files: ({ path: directory, suffix }) =>
    [...files(path.join(root, directory))].filter((file) => file.endsWith(suffix)),
  search_text: ({ path: directory, pattern }) => {
    const expression = new RegExp(pattern);
    const hits = [];
    for (const file of files(path.join(root, directory))) {
      const lines = fs.readFileSync(path.join(root, directory, file), 'utf8').split('\n');
      lines.forEach((text, index) => {
        if (expression.test(text)) hits.push({ path: file, line: index + 1, text });
      });
    }
    return hits;
  },
};

function answer({ id, method, params }) {
  if (method === 'initialize') return { jsonrpc: '2.0', id, result: stats };
  if (method === 'tools/list') return { jsonrpc: '2.0', id, result: { tools: [] } };
  const text = JSON.stringify(operations[params.name](params.arguments));
  return { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } };
}

let rest = '';
process.stdin.on('data', (chunk) => {
  rest += chunk;
  for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
    const message = JSON.parse(rest.slice(0, end));
    rest = rest.slice(end + 1);
    if (message.id !== undefined) process.stdout.write(`${JSON.stringify(answer(message))}\n`);
  }
});
