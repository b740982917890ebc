/** The worker's code: a file beside this one, or its text. */
export type WorkerSource = { readonly file: URL } | { readonly code: string };

/**
 * Where a disk worker's code is. In the bundle the build puts the text of the bundled worker in the
 * place of this module, so that one file is enough and a worker loads nothing but its own part.
 */
export const workerSource: WorkerSource = { file: new URL('./worker-main.ts', import.meta.url) };
