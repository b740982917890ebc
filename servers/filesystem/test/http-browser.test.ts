/** What only a browser shows: a person's way through sign-in, and what a page may do. */
import { connectHttp, makeTemp, verifies } from '@secure-mcp/testkit';
import { type Callback, startBrowser, startCallback } from '@secure-mcp/testkit/browser';
import { type HttpWorld, makePerson, openHttpWorld } from '@secure-mcp/testkit/http-contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { servedFrom } from './http-served.ts';

const backend = await startBrowser();
const suite = backend.kind === 'none' ? `left out, because ${backend.why}` : 'with a browser';

describe.skipIf(backend.kind === 'none')(suite, () => {
  const temp = makeTemp();
  const contract = servedFrom(temp);
  let world: HttpWorld;
  let callback: Callback;
  beforeAll(async () => {
    callback = await startCallback();
    world = await openHttpWorld(
      contract,
      `--allow-origin=http://127.0.0.1:${String(callback.port)}`,
    );
  });
  afterAll(async () => {
    await Promise.all([world.close(), callback.close()]);
    if (backend.kind === 'chromium') await backend.browser.close();
    temp.remove();
  });
  const browser = () => {
    if (backend.kind === 'none') throw new Error(backend.why);
    return backend.browser;
  };

  /** Signs in and allows what is asked for, as a person does: by looking and clicking. */
  const click = (authorization: URL): Promise<URL> =>
    browser().withPage(async (page) => {
      await page.goto(authorization.href);
      await page.getByLabel('Account').fill('alice');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
      // Who asks, what the person agrees to (reading, at this server), and where the answer goes.
      expect(await page.getByRole('paragraph').allTextContents()).toEqual([
        'Something that calls itself desktop asks for',
        `at ${world.resource}, as alice.`,
        `The answer goes to ${new URL(callback.url).origin}.`,
      ]);
      expect(await page.getByRole('listitem').allTextContents()).toEqual([contract.scope]);
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByRole('heading', { name: 'Signed in' }).waitFor();
      return new URL(page.url());
    });

  test(
    verifies('C4.discovery', 'a person clicks through login and consent, and the client calls'),
    async () => {
      const { served, resource } = world;
      const person = await makePerson('alice', {
        server: served.url,
        redirectUrl: callback.url,
        visit: click,
      });
      const client = await person.through(() =>
        connectHttp('v2 modern', { url: served.url, authProvider: person.provider }),
      );
      const answer = await client.call(contract.call.name, contract.call.args);
      await client.close();
      expect(answer.text).toContain(contract.call.holds);
      expect(person.visits).toHaveLength(1);
      const called = world.records().find(({ type }) => type === 'tool.call');
      expect(called).toMatchObject({ principal: `${world.issuer.issuer}|alice` });
      expect(resource).toBe(served.url.href);
    },
  );

  /** What a page of an origin learns when it calls with a good key. */
  const callFrom = (origin: string): Promise<string> =>
    browser().withPage(async (page) => {
      await page.goto(`${origin}/`);
      const { url, headers, body } = world.request(world.keys.reader);
      return page.evaluate(
        async (request) => {
          try {
            const { status, text } = await fetch(request.url, {
              method: 'POST',
              headers: request.headers,
              body: request.body,
            }).then(async (answer) => ({ status: answer.status, text: await answer.text() }));
            return `${String(status)} ${text}`;
          } catch (error) {
            return String(error);
          }
        },
        { url: url.href, headers, body },
      );
    });

  test(
    verifies('E1.exact', 'a page of the named origin reads the answer to its call'),
    async () => {
      const learnt = await callFrom(`http://127.0.0.1:${String(callback.port)}`);
      expect(learnt).toMatch(/^200 /);
      expect(learnt).toContain(contract.call.holds);
    },
  );

  test(
    verifies('E1.exact', 'E10.origin', 'a page of another learns nothing, and nothing runs'),
    async () => {
      const before = world.calls();
      expect(await callFrom(`http://localhost:${String(callback.port)}`)).toBe(
        'TypeError: Failed to fetch',
      );
      expect(world.calls()).toBe(before);
    },
  );
});
