import { crypto } from '../crypto.ts';

/**
 * Wraps found text between marks that the text itself cannot forge.
 *
 * The mark's id is drawn anew for each answer, so a file that contains a closing mark closes nothing
 * (spotlighting, arXiv 2403.14720). It lowers the odds that a model takes data for instructions; it
 * does not prevent it, and nothing here relies on it.
 */
export function markUntrusted(data: string): string {
  const id = unusedId(data);
  return `<untrusted-data id="${id}">\n${data}\n</untrusted-data id="${id}">`;
}

function unusedId(data: string): string {
  const draw = (): string => crypto().randomUUID().replaceAll('-', '').slice(0, 16);
  let id = draw();
  while (data.includes(id)) id = draw();
  return id;
}
