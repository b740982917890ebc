import { type Catalog, type ReadStatement, refuse } from '../../guard/index.ts';
import { LOGIN_ROLE, type RunAs } from '../../policy.ts';
import { CATALOG, CATALOG_BYTES_MAX, catalogParameters, toCatalog } from '../catalog/catalog.ts';
import type { DatabaseOptions, OpenDatabase } from '../create-database.ts';
import type { Database, How, Rows, Run } from '../database.ts';
import { showRows } from '../values/cells.ts';
import { ColumnTypes, TYPE_NAMES } from '../values/column-types.ts';
import type { Answer, Connection, Step } from './connection.ts';
import { EMPTY, OWN_LIMITS, Service, type Work } from './service.ts';

/** How long a catalog is believed, in milliseconds. */
const CATALOG_MS = 10_000;
/** Roles whose catalogs are kept. */
const CATALOGS_MAX = 64;
/** The cursor's own grammar takes a query and nothing else, whatever a guard has let through. */
const DECLARE = 'DECLARE _c NO SCROLL CURSOR FOR ';

export function openDatabase(options: DatabaseOptions): OpenDatabase {
  const service = new Service(options);
  const types = new ColumnTypes();
  return {
    read(statement, { skip, limit, ...how }, run) {
      const move = skip === 0 ? [] : [plain(`MOVE FORWARD ${count(skip)} IN _c`)];
      // One more than is shown tells whether there is more.
      const fetch = plain(`FETCH FORWARD ${count(limit, 1)} FROM _c`);
      const work = workOf(statement, how, DECLARE, [...move, fetch]);
      return service.lend(run, async (connection) => {
        const answer = (await service.fly(connection, work, run)).at(-1) ?? EMPTY;
        const columns = await nameColumns(service, types, connection, answer, run);
        return { columns, ...showRows(answer, limit) };
      });
    },
    explain(statement, { analyze, ...how }, run) {
      const work = workOf(statement, how, `EXPLAIN (${planOptions(analyze)}) ${DECLARE}`, []);
      return service.lend(run, async (connection) => {
        const [answer = EMPTY] = await service.fly(connection, work, run);
        const plan: unknown = JSON.parse(answer.rows[0]?.[0] ?? 'null');
        return plan;
      });
    },
    ask: (question, how, run) =>
      service.lend(run, (connection) => service.question(connection, question, how, run)),
    catalog: catalogs(service, options),
    posture: (run) => service.posture(run),
    close: () => service.close(),
  };
}

function planOptions(analyze: boolean): string {
  return analyze ? 'FORMAT JSON, ANALYZE, BUFFERS' : 'FORMAT JSON';
}

function plain(text: string): Step {
  return { text, values: [] };
}

/** The only numbers that become text of a statement. */
function count(value: number, more = 0): string {
  if (!Number.isSafeInteger(value + more) || value < 0) throw new TypeError('not a count');
  return String(value + more);
}

function workOf(
  statement: ReadStatement,
  { as, searchPath, parameters }: How,
  before: string,
  after: readonly Step[],
): Work {
  if (parameters.length !== statement.parameters) refuse('sql.parameters');
  // It would end the message of the protocol, and the rest would be read as another one.
  if (statement.text.includes('\0')) refuse('sql.invalid');
  const first = { text: before + statement.text, values: parameters };
  return {
    as,
    searchPath,
    body: [first, ...after],
    placeOf: (sent) => statement.placeOf(sent - before.length),
  };
}

/** Types of extensions and of users have to be asked for, once. */
async function nameColumns(
  service: Service,
  types: ColumnTypes,
  connection: Connection,
  { fields }: Answer,
  run: Run,
): Promise<Rows['columns']> {
  const unknown = types.unknown(fields);
  if (unknown.length > 0) {
    const parameters = [unknown.map(({ oid }) => oid), unknown.map(({ modifier }) => modifier)];
    const asked = { as: LOGIN_ROLE, parameters, limits: OWN_LIMITS };
    types.learn(await service.question(connection, TYPE_NAMES, asked, run));
  }
  return fields.map((field) => ({ name: field.name, type: types.nameOf(field) ?? 'unknown' }));
}

/** What there is, as each role sees it, for a while. */
function catalogs(service: Service, { scope }: DatabaseOptions): Database['catalog'] {
  const kept = new Map<string, { readonly at: number; readonly catalog: Catalog }>();

  async function load(as: RunAs, run: Run): Promise<Catalog> {
    const asked = {
      as,
      parameters: catalogParameters(scope),
      bytesMax: CATALOG_BYTES_MAX,
      limits: OWN_LIMITS,
    };
    const [row] = await service.lend(run, (connection) =>
      service.question(connection, CATALOG, asked, run),
    );
    if (row === undefined) throw new TypeError('the catalog has no row');
    return toCatalog(row);
  }

  return async (as, { fresh }, run) => {
    const key = as.role ?? '';
    const old = kept.get(key);
    if (!fresh && old !== undefined && performance.now() - old.at < CATALOG_MS) return old.catalog;
    const at = performance.now();
    const catalog = await load(as, run);
    if (kept.size >= CATALOGS_MAX) kept.clear();
    kept.set(key, { at, catalog });
    return catalog;
  };
}
