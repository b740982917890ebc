/**
 * Values by a name that is nearly always theirs alone: names of files can be made so that two lines of
 * git are alike, and then the first line belongs to the first value.
 */
export class NamedQueue<Value> {
  readonly #values = new Map<string, Value[]>();

  add(name: string, value: Value): void {
    const values = this.#values.get(name);
    if (values === undefined) this.#values.set(name, [value]);
    else values.push(value);
  }

  /** Takes the first value of a name out. */
  take(name: string): Value | undefined {
    return this.#values.get(name)?.shift();
  }

  has(name: string): boolean {
    return (this.#values.get(name)?.length ?? 0) > 0;
  }

  *values(): Generator<Value> {
    for (const values of this.#values.values()) yield* values;
  }
}
