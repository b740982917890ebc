import {
  completable,
  inputRequired,
  inputResponse,
  type GetPromptResult,
  type McpServer,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import * as z from 'zod';

import { PNG } from './answers.ts';
import { formOf } from './forms.ts';

type Message = GetPromptResult['messages'][number];

export function registerResources(server: McpServer): void {
  const text = { mimeType: 'text/plain', description: 'For the suite.' };
  server.registerResource('static-text', 'test://static-text', text, ({ href: uri }) => ({
    contents: [
      { uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
    ],
  }));
  const image = { mimeType: 'image/png', description: 'One pixel.' };
  server.registerResource('static-binary', 'test://static-binary', image, ({ href: uri }) => ({
    contents: [{ uri, mimeType: 'image/png', blob: PNG }],
  }));
  server.registerResource('watched-resource', 'test://watched-resource', text, ({ href: uri }) => ({
    contents: [{ uri, mimeType: 'text/plain', text: 'Watched.' }],
  }));
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { mimeType: 'application/json', description: 'Data by an id.' },
    ({ href: uri }, { id }) => ({
      contents: [
        {
          uri,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
        },
      ],
    }),
  );
  // Clients of 2025 subscribe by these; what changes is told to the streams of later ones only.
  server.server.setRequestHandler('resources/subscribe', () => ({}));
  server.server.setRequestHandler('resources/unsubscribe', () => ({}));
}

export function registerPrompts(server: McpServer): void {
  server.registerPrompt('test_simple_prompt', { description: 'One text.' }, () => ({
    messages: [said('This is a simple prompt for testing.')],
  }));
  const cities = ['paris', 'park', 'party'];
  const city = z.string().describe('Anything.');
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'Repeats its arguments.',
      argsSchema: z.object({
        arg1: completable(city, (value) => cities.filter((name) => name.startsWith(value))),
        arg2: z.string().describe('Anything else.'),
      }),
    },
    ({ arg1, arg2 }) => ({
      messages: [said(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
    }),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    {
      description: 'Brings a resource along.',
      argsSchema: z.object({ resourceUri: z.string().describe('What to bring.') }),
    },
    ({ resourceUri: uri }) => {
      const text = 'Embedded resource content for testing.';
      const resource = { uri, mimeType: 'text/plain', text };
      return {
        messages: [
          { role: 'user', content: { type: 'resource', resource } },
          said('Please process the embedded resource above.'),
        ],
      };
    },
  );
  server.registerPrompt('test_prompt_with_image', { description: 'Brings an image.' }, () => ({
    messages: [
      { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
      said('Please analyze the image above.'),
    ],
  }));
  registerAskingPrompt(server);
}

function registerAskingPrompt(server: McpServer): void {
  const form = formOf({ context: { type: 'string' } });
  const message = 'What context should the prompt use?';
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'Asks before it is written.' },
    ({ mcpReq }) => {
      const view = inputResponse(mcpReq.inputResponses, 'user_context');
      if (view.kind === 'elicit')
        return { messages: [said(`Use this: ${JSON.stringify(view.content)}`)] };
      return inputRequired({
        inputRequests: { user_context: inputRequired.elicit({ message, requestedSchema: form }) },
      });
    },
  );
}

function said(text: string): Message {
  return { role: 'user', content: { type: 'text', text } };
}
