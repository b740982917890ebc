import type { Job, JobPlace } from '../job.ts';

/** Walks can take seconds; most reads and listings take microseconds. */
function isWalk(job: Job): boolean {
  return job.kind === 'find' || job.kind === 'search' || (job.kind === 'list' && job.depth > 1);
}

/** A read of several files, or one that goes far into a file or has to look at all of it, is as long as a walk. */
export function isLong(job: Job): boolean {
  if (job.kind !== 'read') return isWalk(job);
  return job.several || job.startLine > FAR_LINE || !['auto', 'utf-8'].includes(job.encoding);
}

const FAR_LINE = 10_000;

function placesOf(job: Job): readonly JobPlace[] {
  return job.kind === 'read' ? job.files : [job];
}

export function sharesRoot(a: Job, b: Job): boolean {
  const roots = new Set(placesOf(a).map(({ root }) => root));
  return placesOf(b).some(({ root }) => roots.has(root));
}

/**
 * True when a job goes where another one hangs.
 *
 * A walk hangs somewhere beneath its start, so only other walks avoid it. A read or a listing hangs in
 * its own directory, and everything avoids that.
 */
export function wouldHang(stuck: Job, job: Job): boolean {
  return placesOf(stuck).some((held) =>
    placesOf(job).some((wanted) => held.root === wanted.root && meets(stuck, held, job, wanted)),
  );
}

function meets(stuck: Job, held: JobPlace, job: Job, wanted: JobPlace): boolean {
  if (isWalk(stuck)) return isWalk(job) && (isBeneath(wanted, held) || isBeneath(held, wanted));
  // A read at the top of a root may hang in a mount or a link there; the rest of the root is well.
  const above = held.steps.slice(0, -1);
  const directory = stuck.kind === 'read' && above.length > 0 ? { ...held, steps: above } : held;
  return isBeneath(wanted, directory) || (isWalk(job) && isBeneath(directory, wanted));
}

function isBeneath({ steps }: JobPlace, above: JobPlace): boolean {
  return above.steps.every((step, index) => steps[index] === step);
}
