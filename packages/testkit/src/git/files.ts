import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Writes a file, with the directories that lead to it; returns its path. */
export function put(directory: string, name: string, content: string | Uint8Array): string {
  const file = join(directory, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** Writes a shell script that can be started; returns its path. */
export function putScript(directory: string, name: string, lines: string): string {
  const file = join(directory, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  return file;
}

/** The text of a configuration: `{'diff.evil.command': 'x'}` is `[diff "evil"] command = "x"`. */
export function configText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => {
      const first = key.indexOf('.');
      const last = key.lastIndexOf('.');
      const section = key.slice(0, first);
      const middle = first === last ? '' : ` "${escaped(key.slice(first + 1, last))}"`;
      return `[${section}${middle}]\n\t${key.slice(last + 1)} = "${escaped(value)}"\n`;
    })
    .join('');
}

/** Adds settings to a repository's own configuration, where its owner or an attacker would write them. */
export function configure(repository: string, settings: Readonly<Record<string, string>>): void {
  appendFileSync(join(repository, '.git/config'), configText(settings));
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);
}
