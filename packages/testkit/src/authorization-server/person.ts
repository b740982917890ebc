/** Enough of a browser: cookies of one host, redirects, and forms. */
interface Visit {
  readonly url: URL;
  readonly cookies: Map<string, string>;
}

const STEPS_MAX = 16;

/** Signs in and allows what is asked, by sending the forms of the pages. Gives the URL that it ends at. */
export async function walkThrough(start: URL, end: string, account: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = start;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    if (url.href.startsWith(end)) return url;
    url = await next({ url, cookies }, account);
  }
  throw new Error(`still at ${url.href}`);
}

async function next(visit: Visit, account: string): Promise<URL> {
  const response = await request(visit, undefined);
  const redirect = response.headers.get('location');
  const page = await response.text();
  if (redirect !== null) return new URL(redirect, visit.url);
  const action = /<form method="post" action="([^"]+)"/.exec(page)?.[1];
  if (action === undefined)
    throw new Error(`${String(response.status)} ${visit.url.href}: ${page}`);
  const url = new URL(action, visit.url);
  const form = page.includes('name="account"') ? { account } : { allow: 'yes' };
  const answer = await request({ url, cookies: visit.cookies }, new URLSearchParams(form));
  await answer.body?.cancel();
  return new URL(answer.headers.get('location') ?? '', url);
}

/** Asks for a page, or sends its form. Follows nothing; keeps the cookies. */
export async function request(
  { url, cookies }: Visit,
  body: URLSearchParams | undefined,
): Promise<Response> {
  const cookie = Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ');
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { cookie },
    ...(body === undefined ? {} : { method: 'POST', body }),
  });
  for (const line of response.headers.getSetCookie()) {
    const [pair = ''] = line.split(';');
    const [name = '', ...value] = pair.split('=');
    cookies.set(name, value.join('='));
  }
  return response;
}
