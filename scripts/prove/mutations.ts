import type { PromiseId } from '@secure-mcp/testkit';

import { GIT_MUTATIONS } from './git.ts';
import { HTTP_MUTATIONS } from './http.ts';
import { POSTGRES_MUTATIONS } from './postgres.ts';

/** One control taken out, and the tests that have to notice. */
export interface Mutation {
  /** The promise that is broken. */
  readonly promise: PromiseId;
  readonly file: string;
  /** The code that holds the promise; it has to stand in the file exactly once. */
  readonly control: string;
  readonly without: string;
  /** Where the tests are that cite the promise. */
  readonly tests: readonly string[];
}

const FILESYSTEM = 'servers/filesystem/test';
const WALK = 'servers/filesystem/src/adapter/walk';

/** Each is a mistake that somebody could make, or a line that somebody could find superfluous. */
export const MUTATIONS: readonly Mutation[] = [
  {
    promise: 'C1.strict',
    file: 'servers/filesystem/src/tools/list-roots.ts',
    control: 'input: z.strictObject({}),',
    without: 'input: z.object({}),',
    tests: [`${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'C1.strict',
    file: 'servers/filesystem/src/tools/read-file.ts',
    control: 'input: z.strictObject({',
    without: 'input: z.object({',
    tests: [`${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'C1.no-echo',
    file: 'packages/validation/src/schema.ts',
    control: "      return 'unknown field';",
    without: "      return `unknown field: ${issue.keys.join(', ')}`;",
    tests: [`${FILESYSTEM}/contract.test.ts`],
  },
  {
    // The bounds are tested on the lock; that the sources agree with it is what C11.locked tests.
    promise: 'C1.bounds',
    file: 'servers/filesystem/tools.lock.json',
    control: '"maxLength": 40\n',
    without: '"minLength": 1\n',
    tests: [`${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'C1.messages',
    file: 'packages/runtime/src/stdio/transport.ts',
    control:
      "    if (verdict.answer) outbox.write({ jsonrpc: '2.0', id, error: { code, message: reason } });\n",
    without: '',
    tests: ['packages/runtime/test/stdio', `${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'C1.one-meaning',
    file: 'packages/validation/src/json.ts',
    control: "  if (survey.keys !== keys) return { ok: false, problem: 'duplicate key' };\n",
    without: '',
    tests: ['packages/validation/test/json.test.ts', `${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'C11.locked',
    file: 'servers/filesystem/src/guard/path.ts',
    control: 'export const requestedPath = boundedText(PATH_CHARACTERS_MAX);',
    without: 'export const requestedPath = boundedText(1_000_000);',
    tests: [`${FILESYSTEM}/cli.test.ts`],
  },
  {
    promise: 'C3.links',
    file: `${WALK}/walk.ts`,
    control: "  if (held.length === 1) refuse('path.refused', { detail: 'outside the root' });\n",
    without: '  if (held.length === 1) return;\n',
    tests: [`${FILESYSTEM}/walk`],
  },
  {
    promise: 'C3.race',
    file: `${WALK}/descriptor.ts`,
    control: 'found = openSync(directory.at(name), O_PATH | O_NOFOLLOW);',
    without: 'found = openSync(directory.at(name), O_PATH);',
    tests: [`${FILESYSTEM}/race.test.ts`],
  },
  {
    promise: 'C3.race',
    file: `${WALK}/portable.ts`,
    control: "  if (!samePlace(statSync('.', { bigint: true }), chain.place)) stale();\n",
    without: '',
    tests: [`${FILESYSTEM}/race.test.ts`],
  },
  {
    promise: 'C3.special',
    file: `${WALK}/descriptor.ts`,
    control:
      "    return stats.isFile()\n      ? openedFile(openSync(self, O_RDONLY | O_NONBLOCK | O_NOCTTY))\n      : { kind: 'special' };",
    without: '    return openedFile(openSync(self, O_RDONLY | O_NONBLOCK | O_NOCTTY));',
    tests: [`${FILESYSTEM}/walk`],
  },
  {
    promise: 'C3.special',
    file: `${WALK}/portable.ts`,
    control:
      "  if (seen.dev !== above.place.dev && isKernelType(statfsSync('.', { bigint: true })))\n    return { kind: 'special' };\n",
    without: '',
    tests: [`${FILESYSTEM}/walk`],
  },
  {
    promise: 'C3.kernel',
    file: `${WALK}/walk.ts`,
    control:
      "  return parts.length > 1 && parts.at(-1) === '' ? [...names, nameFromDisk('.')] : names;",
    without: '  return names;',
    tests: [`${FILESYSTEM}/walk`],
  },
  {
    promise: 'C3.hard-links',
    file: `${WALK}/walk.ts`,
    control: "  if (nlink <= 1 || hardLinks === 'allow') return true;",
    without: "  if (nlink <= 2 || hardLinks === 'allow') return true;",
    tests: [`${FILESYSTEM}/walk`],
  },
  {
    promise: 'C3.uris',
    file: 'servers/filesystem/src/guard/uri.ts',
    control: '    return decodeURIComponent(step);',
    without: '    return decodeURIComponent(decodeURIComponent(step));',
    tests: [`${FILESYSTEM}/guard`],
  },
  {
    promise: 'C3.words',
    file: 'servers/filesystem/src/guard/path.ts',
    control: '.filter((spelling) => text === spelling || text.startsWith(withSeparator(spelling)))',
    without: '.filter((spelling) => text.startsWith(spelling))',
    tests: [`${FILESYSTEM}/guard`],
  },
  {
    promise: 'C3.trusted',
    file: 'packages/validation/src/trusted.ts',
    control: '= Value & z.core.$brand<Name>;',
    without: '= Value | (Value & z.core.$brand<Name>);',
    tests: [`${FILESYSTEM}/trusted.test.ts`],
  },
  {
    promise: 'C6.denied-names',
    file: 'servers/filesystem/src/adapter/deny.ts',
    control: 'compileGlobs(globs, { ignoreCase: true })',
    without: 'compileGlobs(globs)',
    tests: [`${FILESYSTEM}/walk`],
  },
  {
    promise: 'C6.roots',
    file: 'packages/validation/src/roots.ts',
    control: '  return holdsHome || realPath === sep',
    without: '  return realPath === sep',
    tests: ['packages/validation/test/roots.test.ts', `${FILESYSTEM}/cli.test.ts`],
  },
  {
    // A home whose path leads through a link is another path than the one that is served.
    promise: 'C6.roots',
    file: 'servers/filesystem/src/adapter/open-roots.ts',
    control: 'return [home, await realpath(home).catch(() => home)];',
    without: 'return [home];',
    tests: [`${FILESYSTEM}/cli.test.ts`],
  },
  {
    promise: 'C6.container',
    file: 'docker/Dockerfile',
    control: 'USER 65532:65532\n',
    without: '',
    tests: [`${FILESYSTEM}/container/contract.test.ts`],
  },
  {
    promise: 'C6.container',
    file: 'packages/testkit/src/containers/hardened.ts',
    control: "    '--read-only',\n",
    without: '',
    tests: [`${FILESYSTEM}/container/contract.test.ts`],
  },
  {
    promise: 'C6.calls',
    file: 'docker/seccomp.json',
    control: '"defaultAction": "SCMP_ACT_ERRNO"',
    without: '"defaultAction": "SCMP_ACT_ALLOW"',
    tests: ['docker/test/seccomp.test.ts'],
  },
  {
    // The walk by descriptors would be held for missing, and the other one starts a process.
    promise: 'C6.permission',
    file: 'servers/filesystem/src/adapter/open-roots.ts',
    control: "openSync('/proc/self/fd', O_PATH)",
    without: "openSync('/', O_PATH)",
    tests: [`${FILESYSTEM}/permission.test.ts`],
  },
  {
    promise: 'C13.reload',
    file: 'servers/filesystem/src/adapter/disk.ts',
    control: '  if (haveEnded) closeRoots(roots);\n',
    without: '',
    tests: [`${FILESYSTEM}/http-reload.test.ts`],
  },
  {
    promise: 'C6.denied-names',
    file: `${WALK}/walk.ts`,
    control: '  if (isWritten) refuseWritten(rules, under, step);\n',
    without: '  if (under.links === 0) refuseWritten(rules, under, step);\n',
    tests: [`${FILESYSTEM}/walk`],
  },
  {
    promise: 'C6.denied-names',
    file: `${WALK}/walk.ts`,
    control: '  if (links === 0) return rules;\n',
    without: '  if (links >= 0) return rules;\n',
    tests: [`${FILESYSTEM}/deny.test.ts`],
  },
  {
    promise: 'C6.denied-names',
    file: 'servers/filesystem/src/adapter/deny.ts',
    control: "text.replace(/\\p{DI}/gu, '').normalize('NFC')",
    without: "text.normalize('NFC')",
    tests: [`${FILESYSTEM}/deny.test.ts`],
  },
  {
    promise: 'C6.configuration',
    file: 'servers/filesystem/src/guard/glob.ts',
    control: '<>\\\\\\p{Cc}',
    without: '<>\\p{Cc}',
    tests: [`${FILESYSTEM}/deny.test.ts`],
  },
  {
    promise: 'C6.configuration',
    file: 'servers/filesystem/src/server.ts',
    control: ' ? [] : nestingWarnings(roots)),',
    without: ' ? [] : []),',
    tests: [`${FILESYSTEM}/cli.test.ts`],
  },
  {
    promise: 'C6.configuration',
    file: 'packages/runtime/src/config/flags.ts',
    control:
      "  if (option === undefined) throw new ConfigurationProblem(name, 'unknown option');\n  if (option.kind",
    without: '  if (option === undefined) return;\n  if (option.kind',
    tests: ['packages/runtime/test/config', `${FILESYSTEM}/cli.test.ts`],
  },
  {
    promise: 'C6.workers',
    file: 'servers/filesystem/src/adapter/child.ts',
    control: 'const quiet = { env: {}, ',
    without: 'const quiet = { ',
    tests: [`${FILESYSTEM}/cli.test.ts`],
  },
  {
    promise: 'C7.policy',
    file: 'packages/auth/src/grant.ts',
    control: 'allowsTool: (name) => entry.tools.some((pattern) => patternCovers(pattern, name)),',
    without: 'allowsTool: () => true,',
    tests: [`${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'C7.hidden',
    file: 'packages/runtime/src/call/dispatch.ts',
    control: '  const barred = operation.barred(caller);\n',
    without: '  operation.parse();\n  const barred = operation.barred(caller);\n',
    tests: ['packages/runtime/test/policy.test.ts'],
  },
  {
    promise: 'C7.default',
    file: 'packages/auth/src/grant.ts',
    control: 'const entry = entryFor(policy, principal) ?? NOTHING;',
    without:
      'const entry = entryFor(policy, principal);\n  if (entry === undefined) return UNRESTRICTED;',
    tests: ['packages/auth/test', `${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'C7.scopes',
    file: 'packages/auth/src/scopes.ts',
    control: 'granted.has(`${noun}:${stronger}`)',
    without: '[...granted].some((scope) => scope.endsWith(`:${stronger}`))',
    tests: ['packages/auth/test', 'packages/runtime/test/policy.test.ts'],
  },
  {
    promise: 'C8.no-leak',
    file: 'packages/logging/src/error.ts',
    control: 'basename(frame[1])',
    without: 'frame[1]',
    tests: ['packages/runtime/test/call.test.ts', 'packages/logging/test'],
  },
  {
    promise: 'C8.uniform',
    file: 'servers/filesystem/src/guard/path.ts',
    control: "refuse('path.refused', { detail: 'absolute, outside the roots' })",
    without: "refuse('path.invalid', { hint: 'It is absolute.' })",
    tests: [`${FILESYSTEM}/leak.test.ts`],
  },
  {
    promise: 'C8.reference',
    file: 'packages/runtime/src/call/dispatch.ts',
    control: "new Refusal('internal', `Internal error. Reference: ${reference}`)",
    without: "new Refusal('internal', `Internal error: ${String(error)}. ${reference}`)",
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'C9.complete',
    file: 'packages/runtime/src/call/dispatch.ts',
    control: "    if (refusal.code !== 'audit.unavailable') record(",
    without: "    if (event.outcome === 'error') record(",
    tests: [`${FILESYSTEM}/contract.test.ts`, `${FILESYSTEM}/leak.test.ts`],
  },
  {
    promise: 'C9.complete',
    file: 'packages/runtime/src/call/dispatch.ts',
    control: "    record(parts, describe('allow'));\n    return answer;",
    without:
      "    record(parts, describe('allow'));\n    record(parts, describe('allow'));\n    return answer;",
    tests: [`${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'C9.no-values',
    file: 'packages/runtime/src/call/describe-args.ts',
    control: ": { type: 'string', length: value.length, hmac: digest(value, key) };",
    without: ": { type: 'string', length: value.length, hmac: value };",
    tests: [`${FILESYSTEM}/contract.test.ts`, `${FILESYSTEM}/leak.test.ts`],
  },
  {
    promise: 'C9.one-line',
    file: 'packages/logging/src/audit.ts',
    control: 'sink.write(JSON.stringify(seal?.(record) ?? record));',
    without: 'sink.write(JSON.stringify(seal?.(record) ?? record, undefined, 1));',
    tests: ['packages/logging/test'],
  },
  {
    promise: 'C9.never-blocks',
    file: 'packages/logging/src/sink.ts',
    control: '      stream.write(`${line}\\n`);',
    without: '      writeSync(2, `${line}\\n`);',
    tests: ['packages/runtime/test/stdio'],
  },
  {
    promise: 'C9.fail-closed',
    file: 'packages/runtime/src/call/dispatch.ts',
    control: "if (!tryRecord(parts, event)) refuse('audit.unavailable');",
    without: 'tryRecord(parts, event);',
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'C10.paths',
    file: `${WALK}/walk.ts`,
    control: " || (rest !== '' && !SEPARATOR_FIRST.test(rest))) {",
    without: ') {',
    tests: [`${FILESYSTEM}/walk`],
  },
  {
    promise: 'C10.patterns',
    file: 'packages/validation/src/patterns/linear.ts',
    control: 'return { ok: true, pattern: wrap(RE2JS.compile(expression, flags)) };',
    without:
      'const native = new RegExp(expression); return { ok: true, pattern: { test: (text) => native.test(text), indexIn: (text) => text.search(native) } };',
    tests: ['packages/validation/test/patterns'],
  },
  {
    promise: 'C10.bombs',
    file: 'servers/filesystem/src/adapter/operations/read-text.ts',
    control: 'const to = Math.min(size, LIMITS.scanBytesMax);',
    without: 'const to = size;',
    tests: [`${FILESYSTEM}/bombs.test.ts`],
  },
  {
    // One file with a NUL in every second place must not be looked at line by line.
    promise: 'C10.hostile-trees',
    file: 'servers/filesystem/src/adapter/read/search-text.ts',
    control: "  if (bytes.includes(0)) return { kind: 'binary' };\n",
    without: '',
    tests: [`${FILESYSTEM}/disguise.test.ts`],
  },
  {
    promise: 'C10.bombs',
    file: `${WALK}/directory.ts`,
    control: '  stats.size = Math.min(stats.size, Number.MAX_SAFE_INTEGER);\n',
    without: '',
    tests: [`${FILESYSTEM}/hostile.test.ts`],
  },
  {
    promise: 'C10.hostile-trees',
    file: `${WALK}/hiding.ts`,
    control: ' || budget.ms <= 0) return false;',
    without: ') return false;',
    tests: [`${FILESYSTEM}/bombs.test.ts`],
  },
  {
    promise: 'C11.locked',
    file: 'packages/runtime/src/application.ts',
    control: "if (reviewed.differs !== undefined) refuse('server.tampered');",
    without: '',
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'C11.rules',
    file: 'servers/filesystem/tools.lock.json',
    control: '"Names the directories that can be read."',
    without:
      '"Names the directories that can be read. Always call it before using any other tool."',
    tests: [`${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'C12.calls',
    file: 'packages/runtime/src/call/dispatch.ts',
    control: '  await parts.rate.admit(principal.id, limits.rates);\n',
    without: '',
    tests: [`${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'E2.line',
    file: 'packages/runtime/src/stdio/lines.ts',
    control: '    if (heldBytes <= lineBytesMax) {',
    without: '    if (heldBytes <= Infinity) {',
    tests: [`${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'E2.unread',
    file: 'packages/runtime/src/stdio/transport.ts',
    control: '    input.pause();\n    // What',
    without: '    // What',
    tests: ['packages/runtime/test/stdio'],
  },
  {
    promise: 'E2.line',
    file: 'packages/runtime/src/mcp/message.ts',
    control: '  if (characters > BESIDE_CHARACTERS_MAX && ',
    without: '  if (characters > Infinity && ',
    tests: ['packages/runtime/test/stdio/memory.test.ts'],
  },
  {
    promise: 'E2.line',
    file: 'packages/runtime/src/stdio/open-requests.ts',
    control: '    if (this.#characters + characters > OPEN_CHARACTERS_MAX)',
    without: '    if (this.#characters + characters > Infinity)',
    tests: ['packages/runtime/test/stdio/memory.test.ts'],
  },
  {
    promise: 'E2.unread',
    file: 'packages/runtime/src/call/dispatch.ts',
    control: '    if (held) request.whenTaken(leave);',
    without: '    if (held) leave();',
    tests: ['packages/runtime/test/stdio/memory.test.ts'],
  },
  {
    promise: 'E2.unread',
    file: 'packages/runtime/src/call/dispatch.ts',
    control: '  await turn();\n',
    without: '',
    tests: ['packages/runtime/test/stdio/memory.test.ts'],
  },
  {
    promise: 'E13.cancel',
    file: 'packages/runtime/src/call/concurrency.ts',
    control: '      signal.throwIfAborted();\n',
    without: '',
    tests: ['packages/runtime/test/stdio/memory.test.ts'],
  },
  {
    promise: 'C9.no-values',
    file: 'packages/runtime/src/call/dispatch.ts',
    control: 'forTrail(name.slice(0, TARGET_CHARACTERS_READ))',
    without: 'forTrail(name.slice(0, TARGET_CHARACTERS_MAX))',
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'C1.messages',
    file: 'packages/runtime/src/mcp/message.ts',
    control: 'requestId, reason: z.string().optional() }),',
    without: 'requestId }),',
    tests: ['packages/runtime/test/stdio/transport.test.ts'],
  },
  {
    promise: 'C1.messages',
    file: 'packages/runtime/src/mcp/message.ts',
    control: "method !== 'initialize' || isInitializeRequest(message)",
    without: 'isInitializeRequest(message) || true',
    tests: ['packages/runtime/test/stdio/transport.test.ts'],
  },
  {
    promise: 'E5.roots',
    file: 'servers/filesystem/src/server.ts',
    control: '  const rights = rightsOf(call, roots);',
    without: '  const rights = roots.map(({ name }) => ({ root: name, deny: [] }));',
    tests: [`${FILESYSTEM}/policy.test.ts`],
  },
  {
    promise: 'E5.deny',
    file: 'servers/filesystem/src/adapter/deny.ts',
    control: 'return closed(last, path) || ',
    without: 'return ',
    tests: [`${FILESYSTEM}/policy.test.ts`],
  },
  {
    promise: 'E6.redacted',
    file: 'packages/runtime/src/call/shape.ts',
    control: 'const clean = isClean ? { text, rules: [] } : redactSecrets(text);',
    without: 'const clean = { text, rules: isClean ? [] : [] };',
    tests: ['packages/runtime/test/call.test.ts', `${FILESYSTEM}/read.test.ts`],
  },
  {
    promise: 'E6.keys',
    file: 'servers/filesystem/src/adapter/read/screen.ts',
    control: "if (isKey) return covered(text, 'private-key');",
    without: 'void isKey;',
    tests: [`${FILESYSTEM}/read.test.ts`, `${FILESYSTEM}/secrets.test.ts`],
  },
  {
    // What is not kept of a line has to be seen all the same.
    promise: 'E6.keys',
    file: 'servers/filesystem/src/adapter/read/lines.ts',
    control: '    key.feed(text);\n',
    without: '',
    tests: [`${FILESYSTEM}/secrets.test.ts`],
  },
  {
    // Where a line is cut before it is screened, a token is cut, too.
    promise: 'E6.redacted',
    file: 'servers/filesystem/src/adapter/operations/read-text.ts',
    control: 'lineCharactersMax: options.bytes + 2 * SECRET_CHARACTERS_MAX,',
    without: 'lineCharactersMax: options.bytes,',
    tests: [`${FILESYSTEM}/secrets.test.ts`],
  },
  {
    // ASCII behind a mark of UTF-16 is Chinese, and no pattern knows it there.
    promise: 'E6.redacted',
    file: 'servers/filesystem/src/adapter/read/search-text.ts',
    control:
      "if (hideSecrets && holdsDisguised(bytes, sniffed.encoding)) return { kind: 'denied' };",
    without: '',
    tests: [`${FILESYSTEM}/secrets.test.ts`],
  },
  {
    promise: 'E6.redacted',
    file: 'servers/filesystem/src/adapter/read/screen.ts',
    control: ' || findSecrets(withoutNuls(others)).length > 0\n',
    without: ' || others === undefined\n',
    tests: [`${FILESYSTEM}/secrets.test.ts`],
  },
  {
    promise: 'E6.redacted',
    file: 'servers/filesystem/src/adapter/operations/read-text.ts',
    control: '  while (feed % end.length === 1) feed = bytes.indexOf(end, feed + 1);\n',
    without: '',
    tests: [`${FILESYSTEM}/disguise.test.ts`],
  },
  {
    // A search that looks at bytes before they are screened answers by its time.
    promise: 'E6.redacted',
    file: 'servers/filesystem/src/adapter/operations/search.ts',
    control: '  const screened = screenText(content.text);\n',
    without:
      "  if (job.literal && !content.text.includes(job.pattern)) return { ...content, text: '' };\n  const screened = screenText(content.text);\n",
    tests: [`${FILESYSTEM}/disguise.test.ts`],
  },
  {
    promise: 'E6.redacted',
    file: 'packages/validation/src/sealed.ts',
    control: "return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]).toString('base64');",
    without: "return Buffer.from(JSON.stringify([text, sealed])).toString('base64');",
    tests: [`${FILESYSTEM}/disguise.test.ts`],
  },
  {
    promise: 'E6.undeclared',
    file: 'packages/runtime/src/mcp/tool-operation.ts',
    control: 'const parsed = tool.output.parse(output);',
    without: 'const parsed = { ok: true, value: Object(output), issues: [] };',
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'E7.schema',
    file: 'packages/runtime/src/mcp/tool-operation.ts',
    control: 'const structuredContent = structureOf(value, tool.textOnly);',
    without: 'const structuredContent = {};',
    tests: [`${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'E7.bytes',
    file: 'packages/runtime/src/mcp/tool-operation.ts',
    control: "  if (bytes > limits.resultBytes) refuse('limit.result');\n",
    without: '',
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'E7.bytes',
    file: 'packages/runtime/src/call/shape.ts',
    control: "    if (bytes > bytesMax) refuse('limit.result');\n",
    without: '',
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'E8.asked',
    file: 'packages/runtime/src/call/dispatch.ts',
    control: 'if (operation.confirm === undefined)',
    without: 'if (true)',
    tests: ['packages/runtime/test/confirm.test.ts'],
  },
  {
    promise: 'E8.refused',
    file: 'packages/runtime/src/call/dispatch.ts',
    control: "confirmation.kind === 'declined' ? refuse('call.declined') : confirmation;",
    without: 'confirmation;',
    tests: ['packages/runtime/test/confirm.test.ts'],
  },
  {
    promise: 'E8.bound',
    file: 'packages/runtime/src/call/confirm.ts',
    control: "if (response.kind === 'elicit' && (await use(question))) {",
    without: "if (response.kind === 'elicit') {",
    tests: ['packages/runtime/test/confirm.test.ts'],
  },
  {
    promise: 'E9.marked',
    file: 'packages/runtime/src/call/mark.ts',
    control: '  const id = unusedId(data);',
    without: "  const id = '0123456789abcdef'; void unusedId;",
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'E9.visible',
    file: 'packages/validation/src/visible.ts',
    control: "    ? showHidden(text.replace(OPENING, () => '\\\\u{5C}'))",
    without: '    ? showHidden(text)',
    tests: ['packages/validation/test/visible.test.ts'],
  },
  {
    promise: 'E9.names',
    file: 'packages/validation/src/visible.ts',
    control: '.replace(/[\\t\\n\\r]/g, escapeOf)',
    without: '',
    tests: ['packages/validation/test/visible.test.ts', `${FILESYSTEM}/walks.test.ts`],
  },
  {
    promise: 'E13.deadline',
    file: 'packages/runtime/src/call/deadline.ts',
    control: 'race: (work) => Promise.race([work, whenAborted(signal)]),',
    without: 'race: (work) => (void whenAborted, work),',
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'E13.cancel',
    file: 'packages/runtime/src/call/dispatch.ts',
    control: '    signal,\n    deadline: at,',
    without: '    signal: new AbortController().signal,\n    deadline: at,',
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'E13.cancel',
    file: 'servers/filesystem/src/adapter/pool/pool.ts',
    control: '      void worker.slot.end();\n      running.timer',
    without: '      running.timer',
    tests: [`${FILESYSTEM}/bombs.test.ts`],
  },
  {
    promise: 'E13.concurrency',
    file: 'packages/runtime/src/call/concurrency.ts',
    control: "  if (waiting.length >= waitingMax) refuse('limit.busy', { retryAfterMs: 1000 });\n",
    without: '',
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'E13.light',
    file: 'servers/filesystem/src/adapter/pool/pool.ts',
    control: 'const WORKERS_MAX = 4;',
    without: 'const WORKERS_MAX = 1;',
    tests: [`${FILESYSTEM}/bombs.test.ts`],
  },
  {
    // Twenty files that say that they are large would cost twenty times what one may.
    promise: 'E13.light',
    file: 'servers/filesystem/src/adapter/read/scan.ts',
    control: '      left -= bytes;\n',
    without: '      void bytes;\n',
    tests: [`${FILESYSTEM}/hostile.test.ts`],
  },
  {
    promise: 'E13.dead-mount',
    file: 'servers/filesystem/src/adapter/pool/pool.ts',
    control: "    if (this.#hangs(job)) refuse('root.unresponsive');\n",
    without: '',
    tests: [`${FILESYSTEM}/dead-mount.test.ts`],
  },
  {
    promise: 'E14.health',
    file: 'packages/runtime/src/cli/health.ts',
    control: 'return status === 200 ? undefined',
    without: 'return status !== undefined ? undefined',
    tests: ['packages/runtime/test/cli/health.test.ts'],
  },
  {
    promise: 'E14.eof',
    file: 'packages/runtime/src/stdio/transport.ts',
    control: ".on('end', onEnd).on('close', onEnd)",
    without: '',
    tests: ['packages/runtime/test/stdio', `${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'E14.signal',
    file: 'packages/runtime/src/stdio/serve.ts',
    control: "  process.once('SIGINT', stop).once('SIGTERM', stop);\n  await",
    without: '  await',
    tests: ['packages/runtime/test/stdio', `${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'E14.pipe',
    file: 'packages/runtime/src/stdio/transport.ts',
    control: ".on('drain', outbox.onDrain).on('error', onEnd)",
    without: ".on('drain', outbox.onDrain)",
    tests: ['packages/runtime/test/stdio'],
  },
  ...POSTGRES_MUTATIONS,
  ...GIT_MUTATIONS,
  ...HTTP_MUTATIONS,
];

/** Promises that no line holds, so that none can be taken out, with the reason. */
export const WITHOUT_MUTATION: Readonly<Partial<Record<PromiseId, string>>> = {
  'C13.out-of-sight': 'No line keeps the password out of sight: none of them tells it to anybody.',
};
