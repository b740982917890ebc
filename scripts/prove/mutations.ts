/** One control taken out, and the tests that have to notice. */
export interface Mutation {
  /** The promise that is broken. */
  readonly promise: string;
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
    promise: 'C1.no-echo',
    file: 'packages/validation/src/schema.ts',
    control: "      return 'unknown field';",
    without: "      return `unknown field: ${issue.keys.join(', ')}`;",
    tests: [`${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'C1.one-meaning',
    file: 'packages/validation/src/json.ts',
    control:
      "  if (survey.keys !== countStructuralColons(text)) return { ok: false, problem: 'duplicate key' };\n",
    without: '',
    tests: ['packages/validation/test/json.test.ts', `${FILESYSTEM}/contract.test.ts`],
  },
  {
    // The bounds are tested on the lock; that the sources agree with it is tested by `inspect`.
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
    tests: [`${FILESYSTEM}/walk`, `${FILESYSTEM}/race.test.ts`],
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
    promise: 'C6.denied-names',
    file: 'servers/filesystem/src/adapter/deny.ts',
    control: 'compileGlobs(globs, { ignoreCase: true })',
    without: 'compileGlobs(globs)',
    tests: [`${FILESYSTEM}/walk`],
  },
  {
    promise: 'C6.roots',
    file: 'servers/filesystem/src/guard/root.ts',
    control: '  return holds(homedir()) || realPath === sep',
    without: '  return realPath === sep',
    tests: [`${FILESYSTEM}/guard`, `${FILESYSTEM}/cli.test.ts`],
  },
  {
    promise: 'C6.configuration',
    file: 'packages/runtime/src/config/flags.ts',
    control:
      "  if (option === undefined) throw new ConfigurationProblem(name, 'unknown option');\n  const before",
    without: '  if (option === undefined) return;\n  const before',
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
    control: 'allowsTool: (name) => entry.tools.some((pattern) => covered(pattern, name)),',
    without: 'allowsTool: () => true,',
    tests: [`${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'C7.default',
    file: 'packages/auth/src/grant.ts',
    control:
      'const entry = policy.principals.find((candidate) => matches(candidate, principal)) ?? NOTHING;',
    without:
      'const entry = policy.principals.find((candidate) => matches(candidate, principal));\n  if (entry === undefined) return UNRESTRICTED;',
    tests: ['packages/auth/test', `${FILESYSTEM}/contract.test.ts`],
  },
  {
    promise: 'C8.reference',
    file: 'packages/runtime/src/call/dispatch.ts',
    control: "new Refusal('internal', `Internal error. Reference: ${reference}`)",
    without: "new Refusal('internal', `Internal error: ${String(error)}. ${reference}`)",
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'C9.no-values',
    file: 'packages/runtime/src/call/describe-args.ts',
    control: ": { type: 'string', length: value.length, hmac: digest(value, key) };",
    without: ": { type: 'string', length: value.length, hmac: value };",
    tests: [`${FILESYSTEM}/contract.test.ts`, `${FILESYSTEM}/leak.test.ts`],
  },
  {
    promise: 'C9.fail-closed',
    file: 'packages/runtime/src/call/dispatch.ts',
    control:
      "    logger.error('the audit trail cannot be written', { error });\n    refuse('audit.unavailable');",
    without: "    logger.error('the audit trail cannot be written', { error });",
    tests: ['packages/runtime/test/call.test.ts'],
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
    promise: 'C11.locked',
    file: 'packages/runtime/src/application.ts',
    control: "if (reviewed.differs !== undefined) refuse('server.tampered');",
    without: '',
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'C12.calls',
    file: 'packages/runtime/src/call/dispatch.ts',
    control: '  await parts.rate.admit(principal.id, limits.rate);\n',
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
    file: 'servers/filesystem/src/adapter/read/private-keys.ts',
    control:
      'for (const line of lines) yield isKey(line.text) ? { ...line, text: KEY_LINE } : line;',
    without: 'for (const line of lines) yield isKey(line.text) ? line : line;',
    tests: [`${FILESYSTEM}/read.test.ts`],
  },
  {
    promise: 'E7.bytes',
    file: 'packages/runtime/src/call/shape.ts',
    control: "    if (bytes > bytesMax) refuse('limit.result');\n",
    without: '',
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'E8.bound',
    file: 'packages/runtime/src/call/confirm.ts',
    control: "if (response.kind === 'elicit' && use(question.nonce)) {",
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
    promise: 'E13.deadline',
    file: 'packages/runtime/src/call/deadline.ts',
    control: 'race: (work) => Promise.race([work, whenAborted(signal)]),',
    without: 'race: (work) => (void whenAborted, work),',
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'E13.concurrency',
    file: 'packages/runtime/src/call/concurrency.ts',
    control: "  if (waiting.length >= WAITING_MAX) refuse('limit.busy', { retryAfterMs: 1000 });\n",
    without: '',
    tests: ['packages/runtime/test/call.test.ts'],
  },
  {
    promise: 'E13.dead-mount',
    file: 'servers/filesystem/src/adapter/pool/pool.ts',
    control: "    if (this.#hangs(job)) refuse('root.unresponsive');\n",
    without: '',
    tests: [`${FILESYSTEM}/dead-mount.test.ts`],
  },
];
