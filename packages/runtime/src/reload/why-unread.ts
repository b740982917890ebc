import { codeOf } from '../error-code.ts';
import { ourUser } from '../our-user.ts';

/**
 * What is said of a file that could not be read, and nothing of its path. In a container it is mostly
 * who reads: the server is somebody else there than whoever made the file.
 */
export function whyUnread(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ENOENT') return 'is missing';
  return code === 'EACCES' ? `cannot be read by ${ourUser()}` : 'cannot be read';
}
