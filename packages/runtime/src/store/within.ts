import { StoreDown } from './store-down.ts';

/**
 * Waits for an answer, `ms` milliseconds at most. Rejects with a {@link StoreDown} then.
 *
 * A process that was busy for that long has not read what came meanwhile. So what waits in the
 * socket is read first, or our own pause would look like the store's.
 */
export async function within<Answer>(ms: number, answer: Promise<Answer>): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    const late = (): void => reject(new StoreDown('slow'));
    const timer = setTimeout(() => setImmediate(() => setImmediate(late)), ms);
    void answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
