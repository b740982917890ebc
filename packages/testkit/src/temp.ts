import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  lstatSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A directory for one suite, gone after it. */
export interface TempDirectory {
  readonly path: string;
  /** Writes a file, with the directories that lead to it. Nobody else may write any, whatever the umask is. */
  write(name: string, content: string | Uint8Array): string;
  remove(): void;
}

/** Makes a temporary directory. Its path holds a word that no answer and no log line may hold. */
export function makeTemp(word = 'HOSTPATHMARKER'): TempDirectory {
  const path = realpathSync(mkdtempSync(join(tmpdir(), `secure-mcp-${word}-`)));
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
      writeFileSync(file, content, { mode: 0o644 });
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** A digest of everything beneath a directory: names, kinds, contents, link texts, modes and times of change. */
export function treeDigest(directory: string): string {
  const digest = createHash('sha256');
  // Names are bytes: one that is no text would not be found again by its text.
  const visit = (path: Buffer): void => {
    const stats = lstatSync(path);
    digest.update(path);
    digest.update(`\0${String(stats.mode)}\0${String(stats.mtimeMs)}\0${String(stats.ctimeMs)}\0`);
    if (stats.isSymbolicLink()) digest.update(readlinkSync(path, { encoding: 'buffer' }));
    else if (stats.isDirectory()) {
      const names = readdirSync(path, { encoding: 'buffer' });
      for (const name of names.toSorted(Buffer.compare))
        visit(Buffer.concat([path, Buffer.from('/'), name]));
    } else if (stats.isFile()) digest.update(readFileSync(path));
  };
  visit(Buffer.from(directory));
  return digest.digest('hex');
}
