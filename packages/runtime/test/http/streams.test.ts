import { setTimeout as pause } from 'node:timers/promises';

import { policySchema } from '@secure-mcp/auth';
import { verifies } from '@secure-mcp/testkit';
import { afterEach, describe, expect, test, vi } from 'vitest';

import {
  type Guarded,
  type GuardedOptions,
  PRIVATE,
  PUBLIC,
  startBareWatching,
  startGuarded,
  type Watching,
} from './watching-world.ts';

/** Generous: the machine may be busy. */
const SOON = { timeout: 5000 };

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

const open: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
});

async function guarded(options: GuardedOptions): Promise<Guarded> {
  const world = await startGuarded(options);
  open.push(world);
  return world;
}

async function bare(...args: Parameters<typeof startBareWatching>): Promise<Watching> {
  const world = await startBareWatching(...args);
  open.push(world);
  return world;
}

async function post({ url }: Watching, method: string, params: object, name?: string) {
  const stop = new AbortController();
  open.push({ close: () => stop.abort() });
  return fetch(url, {
    method: 'POST',
    signal: stop.signal,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(name !== undefined && { 'mcp-name': name }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }),
  });
}

interface Stream {
  readonly status: number;
  /** What came so far. */
  text(): string;
  ended(): boolean;
}

/** Asks to be told of changes. */
async function listen(world: Watching, ...resourceSubscriptions: string[]): Promise<Stream> {
  const answer = await post(world, 'subscriptions/listen', {
    notifications: { resourceSubscriptions },
  });
  let text = '';
  let ended = false;
  void (async () => {
    try {
      const decoder = new TextDecoder();
      for await (const piece of answer.body ?? []) text += decoder.decode(piece, { stream: true });
    } catch {
      // The test has ended it.
    }
    ended = true;
  })();
  return { status: answer.status, text: () => text, ended: () => ended };
}

const callPay = (world: Watching) =>
  post(world, 'tools/call', { name: 'pay', arguments: {} }, 'pay');

describe('scopes', () => {
  test('the SDK alone runs a tool that needs a scope for a caller whom nobody has identified', async () => {
    const world = await bare();
    expect((await callPay(world)).status).toBe(200);
    expect(world.ran).toEqual(['pay']);
  });

  test(
    verifies('C7.step-up', 'a call beyond the token is challenged for the scope, and does not run'),
    async () => {
      const world = await guarded({ scopes: ['notes:read'] });
      const answer = await callPay(world);
      expect(answer.status).toBe(403);
      expect(answer.headers.get('www-authenticate')).toBe(
        'Bearer error="insufficient_scope", error_description="The access token does not grant what this needs.", ' +
          'scope="private:read", resource_metadata="https://notes.example/.well-known/oauth-protected-resource/mcp"',
      );
      expect(world.ran).toEqual([]);
      expect(world.records).toContainEqual(
        expect.objectContaining({ type: 'auth.scope', outcome: 'deny', principal: 'user:ada' }),
      );
    },
  );

  test(verifies('C7.step-up', 'a token that covers the call is served'), async () => {
    const world = await guarded({ scopes: ['notes:read', 'private:read'] });
    expect((await callPay(world)).status).toBe(200);
    expect(world.ran).toEqual(['pay']);
  });

  test(
    verifies('C7.step-up', 'what the policy closes is not challenged: no scope would open it'),
    async () => {
      const policy = policySchema.parse({
        version: 1,
        principals: [{ match: { id: 'user:ada' }, tools: [] }],
      });
      const world = await guarded({ scopes: ['notes:read'], policy });
      expect((await callPay(world)).headers.get('www-authenticate')).toBeNull();
    },
  );

  test(verifies('C7.step-up', 'a key is not challenged: nobody can give it more'), async () => {
    const world = await guarded({ scopes: ['notes:read'], method: 'api-key' });
    expect((await callPay(world)).headers.get('www-authenticate')).toBeNull();
  });
});

describe('streams', () => {
  test('the SDK alone tells a caller without any scope of each change of a private resource', async () => {
    const world = await bare({ token: 't', clientId: 'c', scopes: [], expiresAt: 1e10 });
    const stream = await listen(world, PRIVATE);
    await vi.waitFor(() => expect(stream.text()).toContain('acknowledged'), SOON);
    world.changed(PRIVATE);
    await vi.waitFor(
      () => expect(stream.text()).toContain('notifications/resources/updated'),
      SOON,
    );
  });

  test(
    verifies('E5.streams', 'a resource that a caller may not read is not watched, either'),
    async () => {
      const world = await guarded({ scopes: ['notes:read'] });
      const stream = await listen(world, PUBLIC, PRIVATE);
      expect(stream.status).toBe(403);
      world.changed(PRIVATE);
      world.changed(PUBLIC);
      await vi.waitFor(() => expect(stream.ended()).toBe(true), SOON);
      expect(stream.text()).not.toContain('updated');
      expect(stream.text()).not.toContain('salaries');
      expect(world.records).toContainEqual(
        expect.objectContaining({ type: 'subscribe.denied', outcome: 'deny' }),
      );
    },
  );

  test.each([
    ['without what to tell of', {}],
    ['of no filter', { notifications: [1] }],
    ['with a resource that is no text', { notifications: { resourceSubscriptions: [PUBLIC, 1] } }],
    ['with a switch that is no switch', { notifications: { toolsListChanged: 'yes' } }],
  ])(
    verifies('C9.complete', 'one %s is not opened, and is recorded as a refusal'),
    async (_what, params) => {
      const world = await guarded({ scopes: ['notes:read'] });
      const answer = await post(world, 'subscriptions/listen', params);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { data: { code: 'http.message' } } });
      expect(world.records).toMatchObject([{ type: 'http.refused', outcome: 'deny' }]);
    },
  );

  test(
    verifies('E5.streams', 'what is hidden and what does not exist are refused alike'),
    async () => {
      const world = await guarded({ scopes: ['notes:read'] });
      const answers = await Promise.all(
        [PRIVATE, 'nothing://at/all', 'notes://closed/today'].map(async (uri) => {
          const stream = await listen(world, uri);
          await vi.waitFor(() => expect(stream.ended()).toBe(true), SOON);
          return { status: stream.status, text: stream.text() };
        }),
      );
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[2]).toEqual(answers[0]);
    },
  );

  test(verifies('E5.streams', 'a resource that a caller may read is watched'), async () => {
    const world = await guarded({ scopes: ['notes:read'] });
    const stream = await listen(world, PUBLIC);
    await vi.waitFor(() => expect(stream.text()).toContain('acknowledged'), SOON);
    world.changed(PUBLIC);
    await vi.waitFor(
      () => expect(stream.text()).toContain('notifications/resources/updated'),
      SOON,
    );
    expect(world.records.map(({ type }) => type)).toContain('subscribe.open');
  });

  test('the SDK alone goes on telling after the token has ended', async () => {
    const expiresAt = Math.floor(Date.now() / 1000) + 1;
    const world = await bare({ token: 't', clientId: 'c', scopes: [], expiresAt });
    const stream = await listen(world, PRIVATE);
    await pause(2500);
    world.changed(PRIVATE);
    await vi.waitFor(
      () => expect(stream.text()).toContain('notifications/resources/updated'),
      SOON,
    );
  });

  test(verifies('C13.ended', 'a stream ends with its token'), async () => {
    const world = await guarded({ scopes: ['notes:read'], expiresAt: Date.now() + 1000 });
    const stream = await listen(world, PUBLIC);
    await vi.waitFor(() => expect(stream.ended()).toBe(true), SOON);
    world.changed(PUBLIC);
    await pause(100);
    expect(stream.text()).not.toContain('notifications/resources/updated');
  });

  test(verifies('C13.ended', 'a stream of a revoked caller ends at once'), async () => {
    const world = await guarded({ scopes: ['notes:read'] });
    const stream = await listen(world, PUBLIC);
    await vi.waitFor(() => expect(stream.text()).toContain('acknowledged'), SOON);
    world.revoke('user:bob');
    expect(stream.ended()).toBe(false);
    world.revoke('user:ada');
    world.changed(PUBLIC);
    await vi.waitFor(() => expect(stream.ended()).toBe(true), SOON);
    expect(stream.text()).not.toContain('notifications/resources/updated');
  });

  test(
    verifies('C13.ended', 'a stream ends when the policy changes, for its caller to ask anew'),
    async () => {
      const world = await guarded({ scopes: ['notes:read'] });
      const stream = await listen(world, PUBLIC);
      await vi.waitFor(() => expect(stream.text()).toContain('acknowledged'), SOON);
      world.bridge.endStreams();
      await vi.waitFor(() => expect(stream.ended()).toBe(true), SOON);
      const again = await listen(world, PUBLIC);
      await vi.waitFor(() => expect(again.text()).toContain('acknowledged'), SOON);
    },
  );

  test(verifies('C12.streams', 'a caller has so many open streams and no more'), async () => {
    const world = await guarded({ scopes: ['notes:read'], streamsMax: 2 });
    const first = await listen(world, PUBLIC);
    const second = await listen(world, PUBLIC);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect((await listen(world, PUBLIC)).status).toBe(503);
    world.bridge.endStreams();
    await vi.waitFor(async () => expect((await listen(world, PUBLIC)).status).toBe(200), SOON);
  });
});
