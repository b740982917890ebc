import { existsSync } from 'node:fs';
import { join } from 'node:path';

import {
  type Citation,
  citations,
  type Control,
  CONTROLS,
  type ServerName,
  SERVERS,
  testsServer,
} from '@secure-mcp/testkit';

import { linkFrom, REPOSITORY } from './repository.ts';

const PAGE = 'docs/controls.md';

/** `docs/controls.md`: the checklist, with what demonstrates each item on each server. */
export function controlsPage(): string {
  const cited = citations();
  const controls: readonly (readonly [id: string, control: Control])[] = Object.entries(CONTROLS);
  return [
    '# Controls',
    '',
    'Made from [the manifest](../packages/testkit/src/controls.ts) and from the tests that cite it, by `npm run docs`. A number counts the tests of a server that cite a promise of the control; many of them run once for each client, sandbox or attack. A dash says why there is none.',
    '',
    `| | Control | ${SERVERS.join(' | ')} |`,
    `| --- | --- | ${SERVERS.map(() => '---').join(' | ')} |`,
    ...controls.map(
      ([id, control]) =>
        `| [${id}](#${id.toLowerCase()}) | ${control.title} | ${SERVERS.map((server) => cell(control, server, cited)).join(' | ')} |`,
    ),
    '',
    ...controls.flatMap(([id, control]) => section(id, control, cited)),
  ].join('\n');
}

function cell(control: Control, server: ServerName, cited: readonly Citation[]): string {
  if (!existsSync(join(REPOSITORY, 'servers', server))) return '– not built yet';
  const absent = control.absent?.[server] ?? control.absent?.all;
  if (absent !== undefined) return `– ${absent}`;
  const tests = ofControl(control, cited).filter((citation) => testsServer(citation, server));
  const titles = new Set(tests.map(({ title, file }) => `${file}: ${title}`));
  return `✓ ${String(titles.size)} tests`;
}

function ofControl({ promises }: Control, cited: readonly Citation[]): readonly Citation[] {
  return cited.filter(({ promise }) => Object.hasOwn(promises, promise));
}

function section(id: string, control: Control, cited: readonly Citation[]): readonly string[] {
  const { title, threat, sources, pattern, code, promises } = control;
  const links = code.map((file) => `[${file}](${linkFrom(PAGE, file)})`);
  return [
    `## ${id}`,
    '',
    `**${title}.** ${threat}`,
    '',
    `Sources: ${sources.join(' · ')}`,
    '',
    ...(pattern === undefined ? [] : [`Pattern: [${pattern}](${pattern})`, '']),
    ...(links.length === 0 ? [] : [`Code: ${links.join(' · ')}`, '']),
    ...Object.entries(promises).flatMap(([promise, sentence]) => [
      `- \`${promise}\` ${sentence}`,
      ...testsOf(promise, cited),
    ]),
    '',
  ];
}

function testsOf(promise: string, cited: readonly Citation[]): readonly string[] {
  const titles = Map.groupBy(
    cited.filter((citation) => citation.promise === promise),
    ({ file }) => file,
  );
  return [...titles].map(([file, tests]) => {
    const names = [...new Set(tests.map(({ title }) => `“${title}”`))].join(', ');
    return `  - [${file}](${linkFrom(PAGE, file)}): ${names}`;
  });
}
