/**
 * The practical limit for git: a JSON-RPC loop over stdio that starts plain git with the arguments that
 * it is given, and hands on what git prints. Where one command does not tell all, it starts several at once.
 */
'use strict';
const { execFile } = require('node:child_process');

const [repository] = process.argv.slice(2);

function answer({ id, method, params }, say) {
  if (method === 'initialize') {
    const serverInfo = { name: 'raw', version: '1' };
    return say({
      jsonrpc: '2.0',
      id,
      result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo },
    });
  }
  if (method === 'tools/list') return say({ jsonrpc: '2.0', id, result: { tools: [] } });
  const options = { cwd: repository, maxBuffer: 1 << 28, encoding: 'utf8' };
  const commands = params.arguments.gits ?? [params.arguments.git];
  const content = [];
  let left = commands.length;
  for (const command of commands) {
    execFile('git', command, options, (_error, text) => {
      content.push({ type: 'text', text });
      left -= 1;
      if (left === 0) say({ jsonrpc: '2.0', id, result: { content } });
    });
  }
  return undefined;
}

let rest = '';
process.stdin.on('data', (chunk) => {
  rest += chunk;
  for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
    const message = JSON.parse(rest.slice(0, end));
    rest = rest.slice(end + 1);
    if (message.id !== undefined)
      answer(message, (said) => process.stdout.write(`${JSON.stringify(said)}\n`));
  }
});
process.stdin.on('end', () => process.exit());
