import type { Bare } from './front-world.ts';
import { callBody } from './front-world.ts';

/** One attack over the wire, told apart by the text that the tool would note. */
export interface WireAttack {
  readonly name: string;
  /** The bytes. The tool notes `text` where it runs. */
  bytes(target: Bare, text: string): string;
  /** What stands between the attack and the tool without our front: nothing, or Node and the SDK themselves. */
  readonly bare: 'runs' | 'refused';
  /** How our front answers. Node's own parser says 'dropped' before it. */
  readonly status: number | 'dropped';
  /** True where the connection has to go, too. */
  readonly closes?: true;
}

const deep = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const chunked = (body: string): string =>
  `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const inChunks = (encoding: string | readonly string[], more = {}) => ({
  'content-length': undefined,
  'transfer-encoding': encoding,
  ...more,
});

/** More than one credential, or one in another form. */
export const CREDENTIALS: readonly WireAttack[] = [
  {
    name: 'two Authorization headers, the good one first',
    bytes: (to, text) =>
      to.call(text, { headers: { authorization: [`Bearer ${to.key}`, 'Bearer evil'] } }),
    bare: 'runs',
    status: 400,
    closes: true,
  },
  {
    name: 'two Authorization headers, the good one last',
    bytes: (to, text) =>
      to.call(text, { headers: { authorization: ['Bearer evil', `Bearer ${to.key}`] } }),
    bare: 'refused',
    status: 400,
    closes: true,
  },
  {
    name: 'two tokens in one Authorization header',
    bytes: (to, text) =>
      to.call(text, { headers: { authorization: `Bearer ${to.key}, Bearer evil` } }),
    bare: 'runs',
    status: 401,
  },
  {
    name: 'words behind the token',
    bytes: (to, text) => to.call(text, { headers: { authorization: `Bearer ${to.key} and more` } }),
    bare: 'runs',
    status: 401,
  },
  {
    name: 'a token in a trailer',
    bytes: (to, text) =>
      to.call(text, {
        body: chunked(callBody(text)).replace(/\r\n$/, `Authorization: Bearer ${to.key}\r\n\r\n`),
        headers: inChunks('chunked', { authorization: undefined, trailer: 'authorization' }),
      }),
    bare: 'refused',
    status: 401,
  },
  {
    name: 'two spaces before the token',
    bytes: (to, text) => to.call(text, { headers: { authorization: `Bearer  ${to.key}` } }),
    bare: 'refused',
    status: 401,
  },
  {
    name: 'no credential',
    bytes: (to, text) => to.call(text, { headers: { authorization: undefined } }),
    bare: 'refused',
    status: 401,
  },
  {
    name: 'a folded Authorization header',
    bytes: (to, text) => to.call(text, { headers: { authorization: `Bearer\r\n ${to.key}` } }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
];

/** Headers that say two things, and bytes that do not belong there. */
export const HEADERS: readonly WireAttack[] = [
  {
    name: 'two Content-Type headers',
    bytes: (to, text) =>
      to.call(text, { headers: { 'content-type': ['application/json', 'text/plain'] } }),
    bare: 'runs',
    status: 400,
    closes: true,
  },
  {
    name: 'two Mcp-Method headers',
    bytes: (to, text) => to.call(text, { headers: { 'mcp-method': ['tools/list', 'tools/call'] } }),
    bare: 'runs',
    status: 400,
    closes: true,
  },
  {
    name: 'two Mcp-Protocol-Version headers',
    bytes: (to, text) =>
      to.call(text, { headers: { 'mcp-protocol-version': ['2025-11-25', '2025-11-25'] } }),
    bare: 'refused',
    status: 400,
    closes: true,
  },
  {
    name: 'bytes beyond ASCII in a header that is read',
    bytes: (to, text) => to.call(text, { headers: { 'mcp-name': 'n\xf6te' } }),
    bare: 'runs',
    status: 400,
    closes: true,
  },
  {
    name: 'a folded header',
    bytes: (to, text) => to.call(text, { headers: { 'x-folded': 'one\r\n two' } }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  {
    name: 'a control character in a header',
    bytes: (to, text) => to.call(text, { headers: { 'x-control': 'a\x01b' } }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  {
    name: 'NUL in a header',
    bytes: (to, text) => to.call(text, { headers: { 'mcp-name': 'note\0' } }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  {
    name: 'a bare CR in a header',
    bytes: (to, text) => to.call(text, { headers: { 'mcp-name': 'note\rx: y' } }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  {
    name: 'a space before the colon',
    bytes: (to, text) => to.call(text, { headers: { 'x-space ': 'a' } }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  {
    name: 'a header without a name',
    bytes: (to, text) => to.call(text, { headers: { '': 'a' } }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  {
    name: 'more headers than anybody needs',
    bytes: (to, text) =>
      to.call(text, {
        headers: Object.fromEntries(
          Array.from({ length: 120 }, (_, at) => [`x-${String(at)}`, '']),
        ),
      }),
    bare: 'runs',
    status: 400,
    closes: true,
  },
  {
    name: 'headers beyond 16 KiB',
    bytes: (to, text) => to.call(text, { headers: { 'x-long': 'a'.repeat(20_000) } }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
];

/** Requests whose end two readers find at different places. */
export const FRAMING: readonly WireAttack[] = [
  {
    name: 'CL.TE: a length beside chunks',
    bytes: (to, text) =>
      to.call(text, {
        body: chunked(callBody(text)),
        headers: { 'content-length': '4', 'transfer-encoding': 'chunked' },
      }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  {
    name: 'TE.CL: chunks beside a length',
    bytes: (to, text) =>
      to.call(text, {
        body: chunked(callBody(text)),
        headers: {
          'content-length': undefined,
          'transfer-encoding': 'chunked',
          'Content-Length': '400',
        },
      }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  {
    name: 'TE.TE: an encoding before chunked',
    bytes: (to, text) =>
      to.call(text, { body: chunked(callBody(text)), headers: inChunks('gzip, chunked') }),
    bare: 'runs',
    status: 400,
    closes: true,
  },
  {
    name: 'TE.TE: chunked and identity',
    bytes: (to, text) =>
      to.call(text, { body: chunked(callBody(text)), headers: inChunks(['chunked', 'identity']) }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  {
    name: 'TE.TE: chunked twice',
    bytes: (to, text) =>
      to.call(text, { body: chunked(callBody(text)), headers: inChunks('chunked, chunked') }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  {
    name: 'TE.TE: an unknown encoding',
    bytes: (to, text) =>
      to.call(text, { body: chunked(callBody(text)), headers: inChunks('xchunked') }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  {
    name: 'TE.TE: a vertical tab before chunked',
    bytes: (to, text) =>
      to.call(text, { body: chunked(callBody(text)), headers: inChunks('\x0bchunked') }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  {
    name: 'chunks over HTTP/1.0',
    bytes: (to, text) =>
      to.call(text, {
        version: '1.0',
        body: chunked(callBody(text)),
        headers: inChunks('chunked', { connection: 'keep-alive' }),
      }),
    bare: 'runs',
    status: 400,
    closes: true,
  },
  {
    name: 'two lengths',
    bytes: (to, text) => {
      const length = String(Buffer.byteLength(callBody(text)));
      return to.call(text, { headers: { 'content-length': [length, '4'] } });
    },
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  ...['+', '-', '0x', ' 1 '].map((before): WireAttack => ({
    name: `a length with ${JSON.stringify(before)} before it`,
    bytes: (to, text) => to.call(text, { headers: { 'content-length': `${before}4` } }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  })),
  {
    name: 'a chunk size that is none',
    bytes: (to, text) =>
      to.call(text, { body: `zz\r\n${callBody(text)}\r\n0\r\n\r\n`, headers: inChunks('chunked') }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  {
    name: 'a chunk that ends with a bare LF',
    bytes: (to, text) => {
      const body = callBody(text);
      const size = Buffer.byteLength(body).toString(16);
      return to.call(text, {
        body: `${size}\n${body}\r\n0\r\n\r\n`,
        headers: inChunks('chunked'),
      });
    },
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
];

/** Targets beside the one path. */
export const TARGETS: readonly WireAttack[] = [
  ...[
    ['a token in the query', '/mcp?access_token=SECRET', 400],
    ['an empty query', '/mcp?', 400],
    ['an absolute target', 'http://evil.example/mcp', 400],
    ['a target with a user', 'http://user:SECRET@127.0.0.1/mcp', 400],
    ['an escaped path', '/%6dcp', 400],
    ['an escaped slash', '/%2fmcp', 400],
    ['two slashes', '//mcp', 400],
    ['a way up', '/x/../mcp', 400],
    ['a way to here', '/./mcp', 400],
    ['a parameter of a path', '/mcp;x=1', 400],
    ['a backslash', '/mcp\\', 400],
    ['a fragment', '/mcp#x', 400],
    ['a slash at the end', '/mcp/', 400],
    ['another case', '/MCP', 404],
    ['another path', '/admin', 404],
  ].map(([name, target, status]): WireAttack => ({
    name: String(name),
    bytes: (to, text) => to.call(text, { target: String(target) }),
    bare: 'runs',
    status: Number(status),
  })),
  {
    name: 'a target of an authority',
    bytes: (to, text) => to.call(text, { target: '127.0.0.1:80' }),
    bare: 'refused',
    status: 'dropped',
    closes: true,
  },
  {
    name: 'another path, with the good one as a proxy would rewrite it',
    bytes: (to, text) => {
      const rewritten = {
        'x-original-url': '/mcp',
        'x-rewrite-url': '/mcp',
        'x-forwarded-prefix': '/mcp',
      };
      return to.call(text, { target: '/admin', headers: rewritten });
    },
    bare: 'runs',
    status: 404,
  },
];

/** Hosts beside the listed ones. */
export const HOSTS: readonly WireAttack[] = [
  {
    name: 'two Host headers',
    bytes: (to, text) =>
      to.call(text, { headers: { host: [`127.0.0.1:${String(to.port)}`, 'evil.example'] } }),
    bare: 'runs',
    status: 400,
    closes: true,
  },
  {
    name: 'a Host that was rebound to this machine',
    bytes: (to, text) => to.call(text, { headers: { host: 'evil.example' } }),
    bare: 'refused',
    status: 403,
  },
  {
    name: 'a rebound Host, with the good one as a proxy would forward it',
    bytes: (to, text) => {
      const good = `127.0.0.1:${String(to.port)}`;
      const forwarded = { 'x-forwarded-host': good, 'x-host': good, forwarded: `host="${good}"` };
      return to.call(text, { headers: { host: 'evil.example', ...forwarded } });
    },
    bare: 'refused',
    status: 403,
  },
  ...['localhost:1', '127.0.0.1', '127.0.0.1:1', 'user@127.0.0.1'].map((host): WireAttack => ({
    name: `the Host ${host}, of another server beside it`,
    bytes: (to, text) => to.call(text, { headers: { host } }),
    bare: 'runs',
    status: 403,
  })),
];

/** Origins beside the listed ones. */
export const ORIGINS: readonly WireAttack[] = [
  {
    name: 'two Origin headers',
    bytes: (to, text) =>
      to.call(text, { headers: { origin: ['https://app.example', 'https://evil.example'] } }),
    bare: 'refused',
    status: 400,
    closes: true,
  },
  ...[
    'http://app.example',
    'https://app.example:8443',
    'ftp://app.example',
    'https://app.example/',
  ].map((origin): WireAttack => ({
    name: `the Origin ${origin}, where https://app.example is listed`,
    bytes: (to, text) => to.call(text, { headers: { origin } }),
    bare: 'runs',
    status: 403,
  })),
  ...['null', 'https://evil.example', 'https://app.example.evil.example', ''].map(
    (origin): WireAttack => ({
      name: `the Origin ${JSON.stringify(origin)}`,
      bytes: (to, text) => to.call(text, { headers: { origin } }),
      bare: origin === '' ? 'runs' : 'refused',
      status: 403,
    }),
  ),
];

/** Methods beside the one. */
export const METHODS: readonly WireAttack[] = [
  'GET',
  'PUT',
  'DELETE',
  'PATCH',
  'TRACE',
  'PROPFIND',
  'OPTIONS',
].map((method): WireAttack => ({
  name: `the method ${method}`,
  bytes: (to, text) => to.call(text, { method }),
  bare: 'refused',
  status: 405,
}));

/** Content that is not what it says. */
export const TYPES: readonly WireAttack[] = [
  ...[
    'application/json; charset=utf-16',
    'application/json; charset=utf-7',
    'application/json; x=y',
    'application/json;',
    'APPLICATION/JSON; charset=latin1',
    'application/json; charset=utf-8; charset=utf-16',
  ].map((type): WireAttack => ({
    name: `the type ${type}`,
    bytes: (to, text) => to.call(text, { headers: { 'content-type': type } }),
    bare: 'runs',
    status: 415,
  })),
  ...[
    'text/plain',
    'application/jsonp',
    'application/json, text/plain',
    'application/vnd.api+json',
  ].map((type): WireAttack => ({
    name: `the type ${type}`,
    bytes: (to, text) => to.call(text, { headers: { 'content-type': type } }),
    bare: 'refused',
    status: 415,
  })),
  {
    name: 'no type, which a page can send without a preflight',
    bytes: (to, text) => to.call(text, { headers: { 'content-type': undefined } }),
    bare: 'refused',
    status: 415,
  },
  {
    name: 'an encoding of the content',
    bytes: (to, text) => to.call(text, { headers: { 'content-encoding': 'gzip' } }),
    bare: 'runs',
    status: 415,
  },
  ...['application/json', 'text/event-stream', '*/*', ''].map((accept): WireAttack => ({
    name: `a client that accepts ${JSON.stringify(accept)}`,
    bytes: (to, text) => to.call(text, { headers: { accept } }),
    bare: 'refused',
    status: 406,
  })),
  {
    name: 'a client that accepts both, one with a weight of nought',
    bytes: (to, text) =>
      to.call(text, { headers: { accept: 'application/json, text/event-stream;q=0' } }),
    bare: 'runs',
    status: 406,
  },
];

/** Content that says two things, or nothing. */
export const MESSAGES: readonly WireAttack[] = [
  ...[
    ['a batch', (body: string) => `[${body}]`],
    ['one key twice', (body: string) => body.replace('"id":1', '"id":1,"id":2')],
    [
      'one key twice, once escaped',
      (body: string) => body.replace('"method"', '"m\\u0065thod":"ping","method"'),
    ],
    ['__proto__', (body: string) => body.replace('"text"', '"__proto__":{"wait":true},"text"')],
    [
      'a lone surrogate',
      (body: string) =>
        body
          .replace('"}}', '","_meta":{"a":"\\ud800"}}}')
          .replace('","_meta"', '"},"_meta"')
          .replace('}}}}', '}}}'),
    ],
    [
      'content that is deep',
      (body: string) => body.replace('"name"', `"_meta":{"a":${deep(500)}},"name"`),
    ],
    [
      'a number that loses value',
      (body: string) => body.replace('"name"', '"_meta":{"a":9007199254740993},"name"'),
    ],
    [
      'bytes that are not UTF-8',
      (body: string) => body.replace('"name"', '"_meta":{"a":"\xff\xfe"},"name"'),
    ],
    ['a byte order mark', (body: string) => `\xef\xbb\xbf${body}`],
  ].map(([name, change]): WireAttack => ({
    name: String(name),
    bytes: (to, text) =>
      to.call(text, { body: typeof change === 'string' ? '' : (change?.(callBody(text)) ?? '') }),
    bare: 'runs',
    status: 400,
  })),
  ...[
    ['no content', ''],
    ['half a message', '{"jsonrpc":"2.0","id":1,"method":"tools/call"'],
    ['two messages', `${callBody('two')}\n${callBody('two')}`],
    ['null', 'null'],
    ['a text', '"tools/call"'],
  ].map(([name, body]): WireAttack => ({
    name: String(name),
    bytes: (to) => to.request({ body: String(body) }),
    bare: 'refused',
    status: 400,
  })),
];
