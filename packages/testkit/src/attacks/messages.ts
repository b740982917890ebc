/** Lines that are no message, or mean two things. Each has to get exactly one error with this code. */
export interface BadLine {
  readonly name: string;
  readonly line: string | Uint8Array;
  readonly code: number;
  /** The id of the error: the request's own where it can be trusted. */
  readonly id: string | number | null;
}

const PARSE = -32_700;
const REQUEST = -32_600;
const METHOD = -32_601;
const PARAMS = -32_602;

function nested(depth: number): string {
  return `${'['.repeat(depth)}${']'.repeat(depth)}`;
}

/** A call with something wrong in it. */
function call(id: number, params: string): string {
  return `{"jsonrpc":"2.0","id":${String(id)},"method":"tools/call","params":${params}}`;
}

export const BAD_LINES: readonly BadLine[] = [
  {
    name: 'metadata that is no object',
    line: call(31, '{"name":"a","_meta":5}'),
    code: REQUEST,
    id: 31,
  },
  {
    name: 'a progress token that is no token',
    line: call(32, '{"name":"a","_meta":{"progressToken":{}}}'),
    code: REQUEST,
    id: 32,
  },
  {
    name: 'a member that JSON-RPC does not know',
    line: '{"jsonrpc":"2.0","id":33,"method":"ping","extra":1}',
    code: REQUEST,
    id: 33,
  },
  {
    name: 'a request that is an answer, too',
    line: '{"jsonrpc":"2.0","id":34,"method":"ping","result":{}}',
    code: REQUEST,
    id: 34,
  },
  {
    name: 'a completion of nothing',
    line: '{"jsonrpc":"2.0","id":35,"method":"completion/complete","params":{"ref":{"type":"ref/resource"},"argument":{"name":"a","value":""}}}',
    code: PARAMS,
    id: 35,
  },
  {
    name: 'a cursor that nobody gave out',
    line: '{"jsonrpc":"2.0","id":36,"method":"tools/list","params":{"cursor":"x"}}',
    code: PARAMS,
    id: 36,
  },
  {
    name: 'more values than any tool takes',
    line: call(37, `{"name":"a","arguments":{"x":[${'{},'.repeat(120_000)}0]}}`),
    code: PARSE,
    id: null,
  },
  {
    name: 'a handshake without a version',
    line: '{"jsonrpc":"2.0","id":38,"method":"initialize","params":{"capabilities":{},"clientInfo":{"name":"a","version":"1"}}}',
    code: PARAMS,
    id: 38,
  },
  {
    name: 'a handshake without parameters',
    line: '{"jsonrpc":"2.0","id":39,"method":"initialize"}',
    code: PARAMS,
    id: 39,
  },
  {
    name: 'a handshake with capabilities that are none',
    line: '{"jsonrpc":"2.0","id":40,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"roots":5},"clientInfo":{"name":"a","version":"1"}}}',
    code: PARAMS,
    id: 40,
  },
  {
    name: 'metadata that is larger than any request',
    line: call(41, `{"name":"a","_meta":{"pad":"${'a'.repeat(40_000)}"}}`),
    code: REQUEST,
    id: 41,
  },
  {
    name: 'a task of no duration',
    line: call(42, '{"name":"a","task":{"ttl":"x"}}'),
    code: PARAMS,
    id: 42,
  },
  {
    name: 'a relation to no task',
    line: call(43, '{"name":"a","_meta":{"io.modelcontextprotocol/related-task":5}}'),
    code: REQUEST,
    id: 43,
  },
  {
    name: 'a prompt without a name',
    line: '{"jsonrpc":"2.0","id":44,"method":"prompts/get","params":{"arguments":{"a":5}}}',
    code: PARAMS,
    id: 44,
  },
  {
    name: 'a method that nobody serves',
    line: '{"jsonrpc":"2.0","id":45,"method":"logging/setLevel","params":{"level":"x"}}',
    code: METHOD,
    id: 45,
  },
  { name: 'no JSON', line: 'hello', code: PARSE, id: null },
  { name: 'half of a JSON', line: '{"jsonrpc":"2.0","id":1', code: PARSE, id: null },
  { name: 'two values on one line', line: '{} {}', code: PARSE, id: null },
  {
    name: 'bytes that are no UTF-8',
    line: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
    code: PARSE,
    id: null,
  },
  { name: 'a duplicate key', line: call(2, '{"name":"a","name":"b"}'), code: PARSE, id: null },
  {
    name: 'a duplicate key that is escaped once',
    line: call(3, '{"name":"a","n\\u0061me":"b"}'),
    code: PARSE,
    id: null,
  },
  {
    name: 'a duplicate key deep in the arguments',
    line: call(4, '{"name":"a","arguments":{"x":{"y":1,"y":2}}}'),
    code: PARSE,
    id: null,
  },
  {
    name: '__proto__',
    line: call(5, '{"name":"a","arguments":{"__proto__":{"x":1}}}'),
    code: PARSE,
    id: null,
  },
  { name: 'a lone surrogate', line: call(6, '{"name":"\\ud800"}'), code: PARSE, id: null },
  {
    name: 'a number that loses value',
    line: call(7, '{"name":"a","arguments":{"n":9007199254740993}}'),
    code: PARSE,
    id: null,
  },
  {
    name: 'an infinite number',
    line: call(8, '{"name":"a","arguments":{"n":1e999}}'),
    code: PARSE,
    id: null,
  },
  {
    name: 'deep nesting',
    line: call(9, `{"name":"a","arguments":{"n":${nested(20_000)}}}`),
    code: PARSE,
    id: null,
  },
  { name: 'a batch', line: `[${call(10, '{"name":"a"}')}]`, code: REQUEST, id: null },
  { name: 'an empty batch', line: '[]', code: REQUEST, id: null },
  { name: 'a number', line: '42', code: REQUEST, id: null },
  { name: 'null', line: 'null', code: REQUEST, id: null },
  { name: 'an empty object', line: '{}', code: REQUEST, id: null },
  {
    name: 'another version',
    line: '{"jsonrpc":"1.0","id":11,"method":"ping"}',
    code: REQUEST,
    id: 11,
  },
  {
    name: 'a method that is no text',
    line: '{"jsonrpc":"2.0","id":12,"method":7}',
    code: REQUEST,
    id: 12,
  },
  {
    name: 'an id that is an object',
    line: '{"jsonrpc":"2.0","id":{},"method":"ping"}',
    code: REQUEST,
    id: null,
  },
  {
    name: 'an id with a fraction',
    line: '{"jsonrpc":"2.0","id":1.5,"method":"ping"}',
    code: REQUEST,
    id: null,
  },
  {
    name: 'parameters that are a list',
    line: '{"jsonrpc":"2.0","id":13,"method":"ping","params":[]}',
    code: REQUEST,
    id: 13,
  },
  {
    name: 'arguments that are a list',
    line: call(14, '{"name":"a","arguments":[1]}'),
    code: PARAMS,
    id: 14,
  },
  { name: 'a tool name that is no text', line: call(15, '{"name":5}'), code: PARAMS, id: 15 },
  {
    name: 'a tool name that is too long',
    line: call(16, `{"name":"${'a'.repeat(200)}"}`),
    code: PARAMS,
    id: 16,
  },
  { name: 'no tool name', line: call(17, '{}'), code: PARAMS, id: 17 },
  {
    name: 'a URI that is no text',
    line: '{"jsonrpc":"2.0","id":18,"method":"resources/read","params":{"uri":{}}}',
    code: PARAMS,
    id: 18,
  },
  {
    name: 'a cursor that is no text',
    line: '{"jsonrpc":"2.0","id":19,"method":"tools/list","params":{"cursor":5}}',
    code: PARAMS,
    id: 19,
  },
];
