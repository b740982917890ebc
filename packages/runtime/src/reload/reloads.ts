import type { Watched } from './watched.ts';

/** What can be made anew without a restart: files, or the keys of an issuer. */
type Reloadable = Pick<Watched<unknown>, 'healthy' | 'reload' | 'close'>;

/** All that is made anew without a restart. */
export interface Reloads {
  /** Takes one more, by the name of its option. Gives back what it was given. */
  add<One extends Reloadable>(what: string, one: One): One;
  /** False while any of them is not as its files or its issuer say. */
  readonly healthy: boolean;
  /** The options whose last change was not taken. */
  readonly unhealthy: readonly string[];
  /** Makes all anew. Resolves when all are settled; one that fails says so itself. */
  reload(): Promise<void>;
  /** Reloads with each SIGHUP, in another way than by `reload` where one is given. Gives back how to stop. */
  onSignal(run?: () => Promise<void>): () => void;
  close(): void;
}

export function createReloads(): Reloads {
  const all: { readonly what: string; readonly one: Reloadable }[] = [];
  const unhealthy = (): string[] => all.filter(({ one }) => !one.healthy).map(({ what }) => what);
  const reload = async (): Promise<void> => {
    await Promise.allSettled(all.map(async ({ one }) => one.reload()));
  };
  let stop = (): void => undefined;
  return {
    add(what, one) {
      all.push({ what, one });
      return one;
    },
    get healthy() {
      return unhealthy().length === 0;
    },
    get unhealthy() {
      return unhealthy();
    },
    reload,
    onSignal(run = reload) {
      const onHangup = (): void => void run();
      process.on('SIGHUP', onHangup);
      stop = () => void process.off('SIGHUP', onHangup);
      return stop;
    },
    close() {
      stop();
      for (const { one } of all.splice(0)) one.close();
    },
  };
}
