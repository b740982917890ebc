import { createHash, randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type AuthorizationServerUnderTest,
  startAuthorizationServer,
} from '../src/authorization-server/index.ts';
import { request } from '../src/authorization-server/person.ts';

const FILES = 'https://files.example/mcp';
/** A name that would be a tag, ends an attribute, and turns around what stands after it. */
const NAME = '<img src=x>"\'&\u202Eevil';
const SCHEME = 'com.example.app:/done';

let server: AuthorizationServerUnderTest;
beforeAll(async () => {
  server = await startAuthorizationServer({
    resources: { [FILES]: { scope: 'files:read files:write' } },
    registration: true,
  });
});
afterAll(() => server.close());

/** A browser with cookies of its own. */
function openBrowser() {
  const cookies = new Map<string, string>();
  return async (url: string | URL, form?: Readonly<Record<string, string>>) => {
    const answer = await request({ url: new URL(url), cookies }, form && new URLSearchParams(form));
    const to = answer.headers.get('location');
    return { status: answer.status, headers: answer.headers, text: await answer.text(), to };
  };
}

/** Registers a client by itself, as a program does that knows nothing but the server. */
async function register(redirect: string): Promise<string> {
  const answer = await fetch(`${server.issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: NAME,
      redirect_uris: [redirect],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      response_types: ['code'],
    }),
  });
  const registered: { client_id: string } = Object(await answer.json());
  return registered.client_id;
}

function authorizationOf(clientId: string, redirect: string): URL {
  const challenge = createHash('sha256').update(randomBytes(32)).digest('base64url');
  const url = new URL('/auth', server.issuer);
  url.search = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirect,
    response_type: 'code',
    scope: 'files:read',
    resource: FILES,
    prompt: 'consent',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }).toString();
  return url;
}

type Browser = ReturnType<typeof openBrowser>;

/** Goes on until there is a page, or another place than this server. */
async function follow(browse: Browser, from: string | URL) {
  let url = new URL(from, server.issuer);
  for (;;) {
    const answer = await browse(url);
    if (answer.to === null || !new URL(answer.to, url).href.startsWith(server.issuer))
      return { ...answer, url };
    url = new URL(answer.to, url);
  }
}

async function signIn(browse: Browser, start: URL) {
  const page = await follow(browse, start);
  const { to } = await browse(page.url, { account: 'alice' });
  return follow(browse, to ?? '');
}

describe('the page that asks for consent', () => {
  test.each([
    ['http://127.0.0.1:7/done', 'http://127.0.0.1:7'],
    [SCHEME, 'a program on your machine (com.example.app:)'],
  ])('says who asks, for what, as whom, and that the answer goes to %s', async (uri, place) => {
    const { text, headers } = await signIn(
      openBrowser(),
      authorizationOf(await register(uri), uri),
    );
    const shown = Array.from(text.matchAll(/<b><bdi>(.*?)<\/bdi><\/b>/g), ([, inner]) => inner);
    const name = '&#60;img src=x&#62;&#34;&#39;&#38;\u202Eevil';
    expect(shown).toEqual([name, 'files:read', FILES, 'alice', place]);
    expect(text).not.toContain('<img');
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('says the same of what was allowed before', async () => {
    const browse = openBrowser();
    const start = authorizationOf(await register(SCHEME), SCHEME);
    const first = await signIn(browse, start);
    const { to } = await browse(first.url, { allow: 'yes' });
    const back = await follow(browse, to ?? '');
    expect(new URL(back.to ?? '').protocol).toBe('com.example.app:');
    const again = await follow(browse, start);
    expect(again.text).toContain('files:read');
    expect(again.text).toContain(FILES);
  });
});

test('a name that is empty is asked for again', async () => {
  const browse = openBrowser();
  const { url } = await follow(browse, authorizationOf(await register(SCHEME), SCHEME));
  const answer = await browse(url, { account: '' });
  expect(answer.status).toBe(200);
  expect(answer.text).toContain('name="account"');
});

test('an error is told on a page that asks nobody else for anything', async () => {
  const { text, headers } = await follow(openBrowser(), authorizationOf('nobody', SCHEME));
  expect(text).toContain('invalid_client');
  expect(text).not.toMatch(/https?:/);
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
});
