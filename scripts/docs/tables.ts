import {
  COMMON_REFUSALS,
  HTTP_REFUSALS,
  httpOptions,
  type Option,
  optionsOf,
} from '@secure-mcp/runtime';
import * as z from 'zod';

import { ALLOWED_BY_DEFAULT, DENIED_BY_DEFAULT } from '../../servers/filesystem/src/policy.ts';
import { containerConfigs } from './containers.ts';
import { isServer, serverRefusals, type ServerFolder, servers } from './servers.ts';

/** A place that is filled in: <!-- made: options filesystem --> … <!-- /made -->. */
const PLACE = /(<!-- made: (\S+)(?: (\S+))? -->\n)[^]*?(<!-- \/made -->)/g;

/** Fills each marked place of a page with the table that its mark names. */
export function withTables(text: string, page: string): string {
  return text.replace(PLACE, (_, opening: string, kind: string, subject = '', closing: string) => {
    const make = TABLES[kind];
    if (make === undefined) throw new Error(`${page}: nothing is known of "${kind}"`);
    return `${opening}\n${make(String(subject))}\n\n${closing}`;
  });
}

const TABLES: Readonly<Record<string, (subject: string) => string>> = {
  // Those of the front are the same for all servers, and stand once, in docs/network.md.
  options: (server) =>
    optionTable(
      optionsOf(definitionOf(server).options).filter(({ key }) => !Object.hasOwn(httpOptions, key)),
    ),
  'network-options': () => optionTable(optionsOf(z.strictObject(httpOptions))),
  'network-refusals': () =>
    table(
      ['Code', 'Status', 'What the caller is told'],
      Object.entries(HTTP_REFUSALS).map(([refusal, [status, message]]) => [
        code(refusal),
        String(status),
        message,
      ]),
    ),
  tools: (server) => {
    const { tools } = definitionOf(server);
    return table(
      ['Tool', 'Scope', 'What it does'],
      tools.map(({ name, scope, description }) => [code(name), code(scope), plain(description)]),
    );
  },
  resources: (server) =>
    table(
      ['Resource', 'Scope', 'What it is'],
      definitionOf(server).resources.map(({ uriTemplate, scope, description }) => [
        code(uriTemplate),
        code(scope),
        plain(description),
      ]),
    ),
  refusals: (server) =>
    table(
      ['Code', 'What the caller is told'],
      Object.entries(isServer(server) ? serverRefusals[server] : COMMON_REFUSALS).map(
        ([refusal, message]) => [code(refusal), message],
      ),
    ),
  container: (server) => containerConfigs(known(server)),
  denied: () =>
    [
      `Closed: ${DENIED_BY_DEFAULT.map(code).join(' ')}`,
      `Open among them: ${ALLOWED_BY_DEFAULT.map(code).join(' ')}`,
    ].join('\n\n'),
};

function optionTable(options: readonly Option[]): string {
  return table(
    ['Option', 'Variable', 'Default', 'What it does'],
    options
      .filter(({ positional }) => !positional)
      .map((option) => [
        code(formOf(option)),
        option.kind === 'file' ? '' : code(option.variable),
        option.fallback === undefined ? '' : code(option.fallback),
        `${option.description}${MORE[option.kind] ?? ''}`,
      ]),
  );
}

function formOf({ flag, value, kind, key }: Option): string {
  if (kind === 'file') return key;
  return kind === 'switch' ? flag : `${flag} ${value}`;
}

/** What is to be known of options of a kind. */
const MORE: Readonly<Record<string, string>> = {
  list: ' Can be repeated.',
  file: ' In the file only.',
};

function definitionOf(server: string) {
  return servers[known(server)];
}

function known(server: string): ServerFolder {
  if (!isServer(server)) throw new Error(`there is no server "${server}"`);
  return server;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text in which Markdown reads nothing. */
function plain(text: string): string {
  return text.replace(/[*_<>[\]`]/g, '\\$&');
}

function code(text: string): string {
  return `\`${text}\``;
}
