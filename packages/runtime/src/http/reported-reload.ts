import type { ReloadListeners } from './serving.ts';

/**
 * Makes a reload say what became of it. Files say so when they change; an issuer is asked only because an
 * operator wants a withdrawn key to end now, and has to learn that it has not.
 */
export function reportedReload(
  what: string,
  reload: () => Promise<void>,
  { onReloaded, onFailed }: ReloadListeners,
): () => Promise<void> {
  return async () => {
    try {
      await reload();
    } catch {
      // What is thrown may quote what the issuer sent.
      onFailed(
        what,
        'the issuer cannot be asked now, so its former keys count until they are too old',
      );
      return;
    }
    onReloaded(what);
  };
}
