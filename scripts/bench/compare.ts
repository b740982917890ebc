import { coldStart, median, type Peer } from './peer.ts';

/** One call, on our server and on a raw loop. */
export interface Row {
  readonly name: string;
  readonly tool: string;
  /** Another question each round, where an answer would be remembered. */
  readonly ours: Question;
  readonly raw: Question;
  readonly rounds: number;
  /** In milliseconds, on the machine of the reference figures. */
  readonly goal: string;
}

type Question = object | ((round: number) => object);

/** Calls both in turns: machines drift, so the ratio counts. */
export async function compareCalls(
  { name, tool, ours, raw, rounds, goal }: Row,
  server: Peer,
  loop: Peer,
) {
  const call = (peer: Peer, question: Question, round: number) => {
    const args = typeof question === 'function' ? question(round) : question;
    return peer.ask('tools/call', { name: tool, arguments: args });
  };
  const warm = Math.min(rounds, 200);
  for (let round = 0; round < warm; round += 1) {
    await call(server, ours, round);
    await call(loop, raw, round);
  }
  const times: [number[], number[]] = [[], []];
  for (let round = warm; round < warm + rounds; round += 1) {
    times[0].push(await call(server, ours, round));
    times[1].push(await call(loop, raw, round));
  }
  const [our, limit] = times.map(median);
  const slow = times[0].toSorted((x, y) => x - y)[Math.floor(rounds * 0.95)];
  return {
    call: name,
    'ours p50 ms': digits(our),
    'ours p95 ms': digits(slow),
    'raw p50 ms': digits(limit),
    ratio: digits((our ?? 0) / (limit ?? 1)),
    'goal ms': goal,
  };
}

export function digits(value: number | undefined): string {
  return value === undefined ? '' : value.toPrecision(3);
}

type Start = () => ReturnType<typeof coldStart>;

/** Starts each in turns, as often as it takes for a median. The first one is the raw loop. */
export async function compareStarts(starts: Readonly<Record<string, Start>>, rounds: number) {
  const rows = Object.entries(starts).map(([name, start]) => ({
    name,
    start,
    ms: emptyList(),
    mb: emptyList(),
  }));
  for (const { start } of rows) await start();
  for (let round = 0; round < rounds; round += 1) {
    for (const row of rows) {
      const { ms, mb } = await row.start();
      row.ms.push(ms);
      row.mb.push(mb);
    }
  }
  const raw = median(rows[0]?.ms ?? []);
  return rows.map(({ name, ms, mb }) => ({
    start: name,
    'to tools/list, ms': digits(median(ms)),
    'least ms': digits(Math.min(...ms)),
    'raw loops': digits(median(ms) / raw),
    'memory MiB': digits(median(mb)),
  }));
}

function emptyList(): number[] {
  return [];
}
