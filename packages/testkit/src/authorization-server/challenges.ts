import * as oauth from 'oauth4webapi';

export { extractWWWAuthenticateParams as challengeForSdk } from '@modelcontextprotocol/client';

export interface ReadChallenge {
  /** In lower case. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string | undefined>>;
}

/** Reads a `WWW-Authenticate` header as an OAuth client does that knows of several challenges. */
export async function readChallenges(header: string): Promise<readonly ReadChallenge[]> {
  const answer = new Response(null, { status: 401, headers: { 'www-authenticate': header } });
  const options = { [oauth.customFetch]: () => Promise.resolve(answer) };
  const url = new URL('https://resource.example');
  try {
    await oauth.protectedResourceRequest('token', 'GET', url, undefined, undefined, options);
  } catch (error) {
    if (error instanceof oauth.WWWAuthenticateChallengeError) {
      return error.cause.map(({ scheme, parameters }) => ({
        scheme,
        parameters: { ...parameters },
      }));
    }
    throw error;
  }
  return [];
}
