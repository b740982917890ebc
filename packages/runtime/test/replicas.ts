import { type AuthInfo, createMcpHandler } from '@modelcontextprotocol/server';
import type { AuditEvent } from '@secure-mcp/logging';

import { type ApplicationBounds, createApplication } from '../src/application.ts';
import type { Caller } from '../src/call/dispatch.ts';
import type { CallLimits } from '../src/call/limits.ts';
import { buildMcpServer } from '../src/mcp/register.ts';
import { fixture } from './fixture/server.ts';

/** One replica of the fixture behind the SDK's HTTP handler. */
export interface Replica {
  readonly events: readonly AuditEvent[];
  /** One `tools/call` of the 2026 era, of somebody whose credential has been verified. */
  call(principalId: string, params: object): Promise<Answer>;
}

interface Answer {
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number };
}

const LIMITS: CallLimits = {
  rates: [{ calls: 1000, seconds: 60 }],
  concurrency: 8,
  deadlineMs: 60_000,
  resultBytes: 1_048_576,
};

const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
};

export function startReplica(bounds: ApplicationBounds, limits: Partial<CallLimits> = {}): Replica {
  const events: AuditEvent[] = [];
  const quiet = () => undefined;
  const { identity, tools, resources, prompts, lock } = fixture;
  const app = createApplication({
    identity,
    tools,
    resources,
    prompts,
    lock,
    contextOf: (call) => ({ call }),
    audit: { record: (event) => void events.push(event) },
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet, flush: async () => undefined },
    bounds,
  });
  const delivery = {
    whenTaken: (_id: string | number, then: () => void) => then(),
    enclose: (_id: string | number, data: string | Uint8Array) =>
      typeof data === 'string' ? data : Buffer.from(data).toString('base64'),
  };
  const handler = createMcpHandler(({ authInfo }) =>
    buildMcpServer(app, callerOf(authInfo, { ...LIMITS, ...limits }), delivery),
  );
  return {
    events,
    async call(principalId, params) {
      const authInfo = { token: '', clientId: principalId, scopes: [] };
      const body = { ...params, _meta: ENVELOPE };
      const parsedBody = { jsonrpc: '2.0' as const, id: 1, method: 'tools/call', params: body };
      const request = new Request('http://localhost/mcp', {
        method: 'POST',
        headers: {
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'tools/call',
          'mcp-name': String(Object(params).name),
        },
        body: JSON.stringify(parsedBody),
      });
      const response = await handler.fetch(request, { authInfo, parsedBody });
      return answerIn(await response.text());
    },
  };
}

function callerOf(authInfo: AuthInfo | undefined, limits: CallLimits): Caller {
  const all = () => true;
  return {
    principal: {
      id: authInfo?.clientId ?? 'nobody',
      kind: 'user',
      scopes: new Set(['test:read', 'test:write']),
    },
    grant: { allowsTool: all, allowsResource: all, allowsPrompt: all, entry: undefined },
    limits,
    secrets: 'redact',
    transport: 'http',
  };
}

/** The answer is JSON, or the last event of a stream. */
function answerIn(text: string): Answer {
  const data = text.split('\n').findLast((line) => line.startsWith('data: '));
  return JSON.parse(data?.slice('data: '.length) ?? text);
}
