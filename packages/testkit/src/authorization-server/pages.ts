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
  /** The scopes asked for, by the resource that they are for. */
  readonly resources: Readonly<Record<string, readonly string[]>>;
}

export function consentPage(action: string, { client, redirect, resources }: Request): string {
  const asked = Object.entries(resources).map(
    ([resource, scopes]) => `<li>${escaped(resource)}: <b>${escaped(scopes.join(' '))}</b></li>`,
  );
  return page(
    'Allow access?',
    `<p>Something that calls itself <b>${escaped(client)}</b> asks for</p>
    <ul>${asked.join('')}</ul>
    <p>The answer goes to <b>${escaped(redirect)}</b>.</p>
    <form method="post" action="${action}">
      <button type="submit" name="allow" value="yes">Allow</button>
      <button type="submit" name="allow" value="no">Deny</button>
    </form>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${body}</html>`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${String(character.codePointAt(0))};`);
}
