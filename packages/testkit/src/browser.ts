import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';

import { type Browser, chromium, type Page } from 'playwright-core';

/** A real browser for one suite, or why there is none. */
export type BrowserBackend =
  | { readonly kind: 'chromium'; readonly browser: TestBrowser }
  | { readonly kind: 'none'; readonly why: string };

/** A browser without a window. */
export interface TestBrowser {
  /** Opens a page with no cookies, gives it away, and closes it. */
  withPage<Value>(use: (page: Page) => Promise<Value>): Promise<Value>;
  close(): Promise<void>;
}

/** Where systems have it. `TEST_CHROMIUM` names another. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** It is to talk to nobody but the servers of a test. */
const QUIET = [
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** How long a page may take on a machine that does much else. */
const PAGE_MS = 20_000;

/** Starts the Chromium of the machine. Where there is none, the suite is left out; in CI that is an error. */
export async function startBrowser(): Promise<BrowserBackend> {
  const named = process.env['TEST_CHROMIUM'];
  const path = named ?? PLACES.find((place) => existsSync(place));
  if (path === undefined) {
    if (process.env['CI'] === 'true')
      throw new Error('CI=true, and there is no Chromium: install one, or unset CI');
    return { kind: 'none', why: 'no Chromium was found' };
  }
  const browser = await chromium.launch({
    executablePath: path,
    // Its own sandbox needs rights that root in a container has not; the pages are ours.
    chromiumSandbox: process.getuid?.() !== 0,
    args: QUIET,
  });
  return {
    kind: 'chromium',
    browser: { withPage: pagesOf(browser), close: () => browser.close() },
  };
}

function pagesOf(browser: Browser): TestBrowser['withPage'] {
  return async (use) => {
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(PAGE_MS);
      return await use(page);
    } finally {
      await context.close();
    }
  };
}

/** What a program on a person's machine listens with for the way back from the authorization server. */
export interface Callback {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function startCallback(): Promise<Callback> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(
      '<!doctype html><html lang="en"><title>Signed in</title><h1>Signed in</h1></html>',
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  const { port } = address;
  return {
    url: `http://127.0.0.1:${String(port)}/callback`,
    port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
