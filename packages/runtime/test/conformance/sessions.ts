import { randomUUID } from 'node:crypto';

import {
  isInitializeRequest,
  type McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';

import type { Admitted } from '../../src/http/front-parts.ts';

/** Sessions at the same time. Each holds a server, and whoever begins one need not come back. */
const SESSIONS_MAX = 64;
/** Nobody who is still there says nothing for so long, in milliseconds. */
const IDLE_MS = 60_000;

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  /** Whose it is: its id is no credential. */
  readonly principal: string;
  usedAt: number;
}

export interface Sessions {
  serve(admitted: Admitted, request: Request): Promise<Response>;
  close(): Promise<void>;
}

/**
 * Serves clients of 2025 in sessions, so that a tool can ask its caller something: the question goes
 * out on the answer to the call, and what the client says comes in by a request of its own.
 */
export function createSessions(build: () => McpServer): Sessions {
  const sessions = new Map<string, Session>();

  const evict = async (): Promise<void> => {
    const oldest = [...sessions].toSorted(([, one], [, other]) => one.usedAt - other.usedAt);
    const surplus = oldest.slice(0, Math.max(0, sessions.size - SESSIONS_MAX + 1));
    const idle = oldest.filter(([, { usedAt }]) => performance.now() - usedAt > IDLE_MS);
    const ended = new Map([...surplus, ...idle]);
    for (const id of ended.keys()) sessions.delete(id);
    await Promise.all(ended.values().map(({ transport }) => transport.close()));
  };
  const begin = async (principal: string): Promise<Session> => {
    await evict();
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, session),
    });
    const session: Session = { transport, principal, usedAt: performance.now() };
    await build().connect(transport);
    return session;
  };
  const find = (id: string | null, principal: string): Session | undefined => {
    const session = sessions.get(id ?? '');
    return session?.principal === principal ? session : undefined;
  };

  return {
    async serve({ message, verified }, request) {
      const { id: principal } = verified.principal;
      const session = isInitializeRequest(message)
        ? await begin(principal)
        : find(request.headers.get('mcp-session-id'), principal);
      // What is somebody else's is answered like what is nobody's.
      if (session === undefined) return new Response(null, { status: 404 });
      session.usedAt = performance.now();
      return session.transport.handleRequest(request, { parsedBody: message });
    },
    async close() {
      await Promise.all(sessions.values().map(({ transport }) => transport.close()));
      sessions.clear();
    },
  };
}
