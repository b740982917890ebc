import type * as z from 'zod';

import { type Option, optionsOf } from '../config/options.ts';

export interface HelpParts {
  readonly name: string;
  readonly title: string;
  readonly usage: string;
  readonly options: z.ZodObject;
  readonly commands: Readonly<Record<string, { readonly summary: string }>>;
}

/** The help text, made from the same schema that reads the options. */
export function helpText({ name, title, usage, options, commands }: HelpParts): string {
  const known = optionsOf(options);
  const inFile = known.filter(({ kind }) => kind === 'file').map(({ key }) => key);
  const rows = known
    .filter(({ positional, kind }) => !positional && kind !== 'file')
    .map((option): [string, string] => [leftOf(option), rightOf(option)]);
  rows.push(['--config FILE', 'The same options as one JSON object.'], ['--help, --version', '']);
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return [
    `${name}: ${title}`,
    '',
    `  ${name} [options] ${usage}`,
    `  ${name} inspect [--json] [options] ${usage}   what would be served: tools, scopes, digests`,
    `  ${name} check [options] ${usage}   validate the configuration, then exit`,
    `  ${name} health [options]   ask the server that runs here with these options whether it is ready`,
    `  ${name} keys add|rotate|revoke|list FILE   make, replace and withdraw API keys; see keys --help`,
    ...Object.entries(commands).map(
      ([command, { summary }]) => `  ${name} ${command} [options]   ${summary}`,
    ),
    '',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`),
    '',
    ...(inFile.length === 0 ? [] : [`In the file only: ${inFile.join(', ')}.`]),
    'Each option can be given as a variable: --log-level is SECURE_MCP_LOG_LEVEL.',
    'Flags win over variables, variables over the file. Exit codes: 0 fine, 1 a fault, 2 a configuration that cannot be served.',
    '',
  ].join('\n');
}

function leftOf({ flag, value, kind }: Option): string {
  return kind === 'switch' ? flag : `${flag} ${value}`;
}

function rightOf({ description, fallback, kind }: Option): string {
  const repeated = kind === 'list' ? ' Can be repeated.' : '';
  return `${description}${repeated}${fallback === undefined ? '' : ` Default: ${fallback}.`}`;
}
