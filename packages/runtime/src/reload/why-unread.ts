import { codeOf } from '../error-code.ts';

/**
 * What is said of a file that could not be read, and nothing of its path. In a container it is mostly
 * who reads: the server is somebody else there than whoever made the file.
 */
export function whyUnread(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ENOENT') return 'is missing';
  const user = process.geteuid?.();
  return code === 'EACCES' && user !== undefined
    ? `cannot be read by user ${String(user)}`
    : 'cannot be read';
}
