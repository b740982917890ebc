import { describe, expect, test } from 'vitest';

import { refusedPart } from '../../src/http/refused-part.ts';
import { HttpRefusal } from '../../src/http/refusals.ts';
import { requireHost } from '../../src/http/steps/host.ts';

const HEADERS = {
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'echo',
};
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

function partOf(
  code: number,
  headers: Readonly<Record<string, string | undefined>>,
  params: Record<string, unknown>,
): string | undefined {
  const there = Object.entries({ ...HEADERS, ...headers }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params } as const;
  return refusedPart(new Map(there), message)(code);
}

describe('the trail says which part the SDK refused', () => {
  const params = { name: 'echo', _meta: META };

  test.each<readonly [Readonly<Record<string, string | undefined>>, object, string]>([
    [{ 'mcp-protocol-version': '2025-11-25' }, params, 'the header MCP-Protocol-Version'],
    [{ 'mcp-method': 'tools/list' }, params, 'the header Mcp-Method'],
    [{ 'mcp-method': undefined }, params, 'the header Mcp-Method'],
    [{ 'mcp-name': 'other' }, params, 'the header Mcp-Name'],
    [{ 'mcp-name': undefined }, params, 'the header Mcp-Name'],
    [{ 'mcp-name': 'thing://a' }, { uri: 'thing://b', _meta: META }, 'the header Mcp-Name'],
    [{}, params, 'a header'],
  ])('headers %j, params %j', (headers, given, part) => {
    expect(partOf(-32_020, headers, { ...given })).toBe(part);
  });

  test.each<readonly [object, string]>([
    [{ ...params, _meta: {} }, 'no params._meta[io.modelcontextprotocol/protocolVersion]'],
    [
      { ...params, _meta: { ...META, 'io.modelcontextprotocol/clientInfo': undefined } },
      'no params._meta[io.modelcontextprotocol/clientInfo]',
    ],
    [params, 'params'],
  ])('params %j', (given, part) => {
    expect(partOf(-32_602, {}, { ...given })).toBe(part);
  });

  test('a request of 2025 has no such members', () => {
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} } as const;
    expect(refusedPart(new Map(), message)(-32_602)).toBe('params');
  });

  test('and no more than the code where the code says it all', () => {
    expect(partOf(-32_601, {}, params)).toBeUndefined();
  });
});

describe('the trail names a host that is not served, where it is nothing but a name', () => {
  test.each<readonly [string | undefined, string]>([
    ['files.example:8443', 'files.example:8443'],
    ['[::1]:3000', '[::1]:3000'],
    [undefined, 'no host'],
    ['a b', 'no plain name'],
    ['a\u202eb', 'no plain name'],
    ['a'.repeat(65), 'no plain name'],
    ['AKIAIOSFODNN7EXAMPLE', '[redacted: aws-access-key]'],
  ])('%s', (host, detail) => {
    const headers = new Map(host === undefined ? [] : [['host', host]]);
    const refused = (): unknown => {
      try {
        return requireHost(headers, new Set(['mcp.example']));
      } catch (error) {
        return error instanceof HttpRefusal ? error.options.detail : error;
      }
    };
    expect(refused()).toBe(detail);
  });
});
