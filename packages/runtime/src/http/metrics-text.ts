/** A metric with its samples, as Prometheus' text format 0.0.4 has them. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** Labels as they are written between the braces, and the value. */
  readonly samples: readonly (readonly [labels: string, value: number])[];
}

export function metricsText(families: readonly Family[]): string {
  return families
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(([labels, value]) => sample(name, labels, value));
      return `${head(name, help, type)}${lines.join('')}`;
    })
    .join('');
}

export interface Histogram {
  add(value: number): void;
  text(name: string, help: string): string;
}

/** Counts values under upper bounds, which rise. */
export function createHistogram(bounds: readonly number[]): Histogram {
  const ends = [...bounds, Infinity];
  const counts = ends.map(() => 0);
  let sum = 0;
  return {
    add(value) {
      const index = ends.findIndex((end) => value <= end);
      counts[index] = (counts[index] ?? 0) + 1;
      sum += value;
    },
    text(name, help) {
      let total = 0;
      const lines = ends.map((end, index) => {
        // A bucket counts all that is under its bound, not only what is above the one before.
        total += counts[index] ?? 0;
        return sample(`${name}_bucket`, `le="${end === Infinity ? '+Inf' : String(end)}"`, total);
      });
      lines.push(sample(`${name}_sum`, '', sum), sample(`${name}_count`, '', total));
      return `${head(name, help, 'histogram')}${lines.join('')}`;
    },
  };
}

function head(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function sample(name: string, labels: string, value: number): string {
  return `${name}${labels === '' ? '' : `{${labels}}`} ${String(value)}\n`;
}
