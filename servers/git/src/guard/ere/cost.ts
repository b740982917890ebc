/**
 * What a part of a pattern costs when it is compiled.
 *
 * glibc writes counted repetitions out, and keeps for every place the list of all places that can be
 * reached from it without reading a character. So what costs is what can be skipped, and its square:
 * `(a{1,100}){1,100}` takes 256 MB, one level more all that there is.
 */
export interface Cost {
  /** Places that read a character, repetitions written out. */
  readonly places: number;
  /** Ways to go on without reading one: optional copies, alternatives, groups. */
  readonly skips: number;
  /** Can match nothing. */
  readonly nullable: boolean;
}

export const CHARACTER: Cost = { places: 1, skips: 0, nullable: false };
export const ASSERTION: Cost = { places: 0, skips: 0, nullable: true };
const NOTHING: Cost = { places: 0, skips: 0, nullable: true };

export function sum(costs: readonly Cost[]): Cost {
  return costs.reduce(
    (all, { places, skips, nullable }) => ({
      places: all.places + places,
      skips: all.skips + skips,
      nullable: all.nullable && nullable,
    }),
    NOTHING,
  );
}

export function anyOf(costs: readonly Cost[]): Cost {
  const all = sum(costs);
  const nullable = costs.some((cost) => cost.nullable);
  return { ...all, skips: all.skips + costs.length - 1, nullable };
}

export function group(inner: Cost): Cost {
  return { ...inner, skips: inner.skips + 1 };
}

/** `max` undefined is without end. */
export function repeated(part: Cost, min: number, max: number | undefined): Cost {
  const copies = max ?? Math.max(1, min + (min > 0 ? 1 : 0));
  const optional = max === undefined ? 1 : max - min;
  return {
    places: part.places * copies,
    skips: part.skips * copies + optional,
    nullable: part.nullable || min === 0,
  };
}

/** With these bounds, compiling takes less than 80 MB and a second (see the tests). */
const PLACES_MAX = 1000;
const SKIPS_MAX = 256;

/**
 * True for a pattern that glibc can be given. Every kind of assertion doubles what it keeps: each place
 * is there once for each combination of what must hold around it.
 */
export function isAffordable({ places, skips }: Cost, assertionKinds: number): boolean {
  return places <= PLACES_MAX && skips * 2 ** assertionKinds <= SKIPS_MAX;
}
