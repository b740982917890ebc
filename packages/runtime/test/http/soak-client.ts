import { Agent, request } from 'node:http';

/** One call of the soak: nobody else has its id or its text. */
export interface SoakCall {
  readonly id: number;
  readonly text: string;
}

export interface SoakAnswer {
  readonly status: number;
  readonly text: string;
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'soak', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A client that keeps so many connections open, and is no more than `node:http`. */
export function soakClient(url: URL, key: string, connections: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const usual = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${key}`,
  };

  /** Clients of both eras call in turns. */
  const call = ({ id, text }: SoakCall): Promise<SoakAnswer> => {
    const isModern = id % 2 === 0;
    const params = { name: 'echo', arguments: { text }, ...(isModern && { _meta: META }) };
    const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params });
    const version = isModern ? '2026-07-28' : '2025-11-25';
    const named = isModern ? { 'mcp-method': 'tools/call', 'mcp-name': 'echo' } : {};
    const headers = { ...usual, ...named, 'mcp-protocol-version': version };
    const { promise, resolve, reject } = Promise.withResolvers<SoakAnswer>();
    request(url, { method: 'POST', agent, headers }, (response) => {
      let said = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk;
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text: said }));
    })
      .once('error', reject)
      .end(body);
    return promise;
  };

  return { call, close: () => agent.destroy() };
}
