import { bindCounted, countFindings } from '../../src/adapter/questions/counted.ts';
import { bindDescribe, describeRelation } from '../../src/adapter/questions/describe.ts';
import { bindOutline, outlineRelations } from '../../src/adapter/questions/outline.ts';
import { bindPlanned, planned } from '../../src/adapter/questions/plan.ts';
import { bindSearch, OBJECT_KINDS, searchObjects } from '../../src/adapter/questions/search.ts';
import type { Shown } from '../../src/adapter/questions/shown.ts';
import type { Asker } from './ask.ts';

/** The answer to every question about what is in a database, as one text for each. */
export async function askEverything(
  asker: Asker,
  shown: Shown,
  named: readonly { readonly schema: string; readonly name: string }[] = [],
): Promise<Readonly<Record<string, string>>> {
  const described = [];
  for (const oid of shown.relations)
    described.push(...(await asker.ask(describeRelation, bindDescribe(shown, oid))));
  const search = {
    pattern: undefined,
    kinds: OBJECT_KINDS,
    schema: undefined,
    detail: 'full',
    skip: 0,
    limit: 1000,
    functions: true,
  } as const;
  const answers = {
    describe: described,
    search: await asker.ask(searchObjects, bindSearch(shown, search)),
    outline: await asker.ask(outlineRelations, bindOutline(shown, 1000)),
    counted: await asker.ask(countFindings, bindCounted(shown)),
    planned: await asker.ask(planned, bindPlanned(named)),
  };
  return Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [name, JSON.stringify(answer)]),
  );
}
