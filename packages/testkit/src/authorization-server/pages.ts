/** A page that a person, a browser or a script can get on from by sending its one form. */
export function loginPage(action: string): string {
  return page(
    'Sign in',
    `<p><strong>For tests and demonstrations only: whoever sees this page signs in as whom they like.</strong></p>
    <form method="post" action="${action}">
      <label>Account <input name="account" autofocus required></label>
      <button type="submit" name="sign-in" value="yes">Sign in</button>
    </form>`,
  );
}

export interface Request {
  /** The name that the client gave itself: anybody can register under any. */
  readonly client: string;
  /** Where the answer goes. It tells more of who asks than the name. */
  readonly redirect: string;
  /** Who is signed in. */
  readonly account: string;
  /** All that is asked for, allowed before or not. */
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
}

export function consentPage(action: string, request: Request): string {
  const { client, redirect, account, scopes, resources } = request;
  return page(
    'Allow access?',
    `<p>Something that calls itself ${shown(client)} asks for</p>
    <ul>${scopes.map((scope) => `<li>${shown(scope)}</li>`).join('')}</ul>
    <p>at ${resources.map(shown).join(' and ')}, as ${shown(account)}.</p>
    <p>The answer goes to ${shown(redirect)}.</p>
    <form method="post" action="${action}">
      <button type="submit" name="allow" value="yes">Allow</button>
      <button type="submit" name="allow" value="no">Deny</button>
    </form>`,
  );
}

/** An error of the provider's, which it words. */
export function errorPage(error: Readonly<Record<string, unknown>>): string {
  const said = [error['error'], error['error_description']].filter((text) => text !== undefined);
  return page('It does not work', `<p>${said.map((text) => shown(String(text))).join(': ')}</p>`);
}

/** Of a page by which somebody could be made to agree: it is framed by nobody, kept by nobody, and asks nobody. */
export const PAGE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
  'content-type': 'text/html; charset=utf-8',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${body}</html>`;
}

/** Text of others. By itself it orders nothing around it, whatever its letters do. */
function shown(text: string): string {
  return `<b><bdi>${escaped(text)}</bdi></b>`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${String(character.codePointAt(0))};`);
}
