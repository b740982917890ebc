import type { LimitVerdict } from '../store/store.ts';

/** One credential of an address, from before it is verified until it is known whether it is accepted. */
interface Attempt {
  /**
   * Waits until it may be verified, given how failures stood when it was opened. Rejects where `refuse`
   * throws, which is asked before the credential is looked at.
   */
  enter(standing: readonly LimitVerdict[]): Promise<void>;
  /** Lets the next one in. A second time does nothing. */
  leave(): void;
}

/** Credentials that are being verified, by address. */
export interface Attempts {
  open(key: string): Attempt;
  /** To be told of each failure once it has been counted, before its attempt leaves. */
  failed(key: string): void;
}

export interface AttemptsParts {
  /** How the failures of an address stand. */
  readonly look: (key: string) => Promise<readonly LimitVerdict[]>;
  /** Throws where one of them lets none pass. */
  readonly refuse: (standing: readonly LimitVerdict[]) => void;
}

interface Gate {
  /** Attempts that are open. */
  open: number;
  /** Those that are being verified. */
  entered: number;
  /** Failures since the gate was made. */
  failures: number;
  readonly waiting: (() => void)[];
}

/**
 * Verifies no more credentials of an address at a time than may still fail: what takes long to verify
 * could be guessed many times before the first failure is known. The others wait, and are not refused:
 * most of them are good, and good ones follow each other quickly. Each process counts its own.
 */
export function createAttempts({ look, refuse }: AttemptsParts): Attempts {
  const gates = new Map<string, Gate>();

  return {
    open(key) {
      const gate = gates.get(key) ?? { open: 0, entered: 0, failures: 0, waiting: [] };
      gates.set(key, gate);
      gate.open += 1;
      let seen = gate.failures;
      let state: 'open' | 'entered' | 'left' = 'open';
      const wakeNext = (): void => gate.waiting.shift()?.();

      return {
        async enter(standing) {
          let current = standing;
          refuse(current);
          while (gate.failures !== seen || gate.entered >= roomIn(current)) {
            // What was seen may be outdated; then it is looked at again at once.
            if (gate.failures === seen)
              // oxlint-disable-next-line no-await-in-loop -- It waits.
              await new Promise<void>((resolve) => void gate.waiting.push(resolve));
            seen = gate.failures;
            // oxlint-disable-next-line no-await-in-loop -- As above.
            current = await look(key);
            refuse(current);
          }
          gate.entered += 1;
          state = 'entered';
          wakeNext();
        },
        leave() {
          if (state === 'left') return;
          if (state === 'entered') gate.entered -= 1;
          state = 'left';
          gate.open -= 1;
          if (gate.open === 0) gates.delete(key);
          wakeNext();
        },
      };
    },
    failed(key) {
      const gate = gates.get(key);
      if (gate !== undefined) gate.failures += 1;
    },
  };
}

/** Where one more failure would be let pass, one credential may be looked at. */
function roomIn(standing: readonly LimitVerdict[]): number {
  return Math.max(1, Math.min(...standing.map(({ remaining }) => remaining)));
}
