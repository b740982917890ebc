import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Grant, Interaction, Provider } from 'oidc-provider';

import { consentPage, loginPage, PAGE_HEADERS } from './pages.ts';

export const INTERACTION = /^\/interaction\/[\w-]+$/;

/** Shows who signs in and what is asked for, and takes the answers. */
export async function interact(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const interaction = await provider.interactionDetails(request, response);
  const form = request.method === 'POST' ? await formOf(request) : undefined;
  const result = form && (await answerOf(provider, interaction, form));
  if (result !== undefined) {
    await provider.interactionFinished(request, response, result);
    return;
  }
  response.writeHead(200, PAGE_HEADERS);
  response.end(await pageOf(provider, interaction));
}

async function pageOf(
  { Client }: Provider,
  { uid, prompt, params, session }: Interaction,
): Promise<string> {
  const action = `/interaction/${uid}`;
  if (prompt.name === 'login') return loginPage(action);
  const client = await Client.find(params.client_id);
  return consentPage(action, {
    client: client?.clientName ?? params.client_id,
    redirect: placeOf(params.redirect_uri),
    account: session?.accountId ?? '',
    scopes: (params.scope ?? '').split(' '),
    resources: [params.resource ?? []].flat(),
  });
}

/** A scheme of a program's own has no origin. */
function placeOf(uri: string): string {
  const { origin, protocol } = new URL(uri);
  return origin === 'null' ? `a program on your machine (${protocol})` : origin;
}

/** Undefined where nothing was answered: the page is shown again. */
async function answerOf(
  provider: Provider,
  interaction: Interaction,
  form: URLSearchParams,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (interaction.prompt.name === 'login') {
    const accountId = form.get('account') ?? '';
    return accountId === '' ? undefined : { login: { accountId } };
  }
  if (form.get('allow') !== 'yes') return { error: 'access_denied' };
  const grant = await grantOf(provider, interaction);
  const { missingOIDCScope = [], missingResourceScopes = {} } = interaction.prompt.details;
  if (missingOIDCScope.length > 0) grant.addOIDCScope(missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(missingResourceScopes)) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  return { consent: { grantId: await grant.save() } };
}

async function grantOf(
  { Grant: Model }: Provider,
  { grantId, session, params }: Interaction,
): Promise<Grant> {
  const known = grantId === undefined ? undefined : await Model.find(grantId);
  return known ?? new Model({ accountId: session?.accountId, clientId: params.client_id });
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
