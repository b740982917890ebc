import type { Call } from '@secure-mcp/runtime';
import { Refusal } from '@secure-mcp/validation';

import type { Database, Run } from '../adapter/index.ts';
import {
  browse,
  type Catalog,
  createStatementGuard,
  createVisibility,
  isParserReady,
  loadParser,
  refuse,
  requestedName,
  type StatementGuard,
  type Visibility,
  wireValues,
} from '../guard/index.ts';
import type { Access, RunAs, StatementLimits } from '../policy.ts';
import type { OpenDatabase } from './context.ts';

/** What one caller may do in one database. Made once for each entry of the policy. */
export interface Rights {
  readonly access: Access;
  readonly as: RunAs;
}

/** A database with what was learnt about it. */
export interface Served {
  readonly database: Database;
  readonly limits: StatementLimits;
  /** What a caller's access makes of a catalog; judged anew when either is another. */
  readonly views: WeakMap<Access, View>;
}

/** A database as one caller sees it. */
interface View {
  readonly catalog: Catalog;
  readonly visibility: Visibility;
  /** Made with the first statement: it loads the parser. */
  guard?: Promise<StatementGuard>;
}

/** One call in one database. */
export interface OpeningParts {
  readonly served: Served;
  readonly rights: Rights;
  readonly run: Run;
  readonly touch: Call['touch'];
}

/** Opens a database for one call: under its signal and deadline, as its role, with what exists for its caller. */
export async function openDatabase(parts: OpeningParts): Promise<OpenDatabase> {
  const { served, rights, run, touch } = parts;
  const { database, limits } = served;
  const { access, as } = rights;
  let view = await viewOf(parts, false);
  const how = () => ({ as, searchPath: view.catalog.extensionSchemas });

  /** A name that is missing may be a new one, so the catalog is read again before it is refused. */
  const lookingTwice = async <Found>(look: () => Promise<Found>): Promise<Found> => {
    try {
      return await look();
    } catch (error) {
      if (!isUnknown(error)) throw error;
      const fresh = await viewOf(parts, true);
      if (fresh === view) throw error;
      view = fresh;
      return look();
    }
  };
  const judge = async (sql: string, parameters: number) => {
    const guard = await guardOf(view, access);
    // A parser that overflowed is thrown away; whoever comes next waits for the new one. Nothing may
    // come between this look and its use.
    // oxlint-disable-next-line no-await-in-loop
    while (!isParserReady()) await loadParser();
    return guard.parse(sql, parameters);
  };

  return {
    name: database.name,
    access,
    get visibility() {
      return view.visibility;
    },
    limits,
    async statement(sql, parameters) {
      const statement = await lookingTwice(() => judge(sql, parameters));
      touch({ kind: 'statement', name: `${database.name} ${statement.fingerprint}` });
      for (const { schema, name } of statement.relations)
        touch({ kind: 'relation', name: `${database.name}.${schema}.${name}` });
      return statement;
    },
    judge: (sql, parameters) => judge(sql, parameters).catch(nothingFor),
    browse: async (browsing) => browse(await guardOf(view, access), browsing),
    async relation(text) {
      const { schema, name } = requestedName(text);
      const relation = await lookingTwice(
        async () => view.visibility.find(schema, name) ?? refuse('relation.unknown'),
      );
      touch({ kind: 'relation', name: `${database.name}.${relation.schema}.${relation.name}` });
      return relation;
    },
    read: (statement, { parameters, ...page }) =>
      database.read(statement, { ...how(), ...page, parameters: wireValues(parameters) }, run),
    explain: (statement, { parameters, analyze }) =>
      database.explain(statement, { ...how(), analyze, parameters: wireValues(parameters) }, run),
    ask: (question, parameters) => database.ask(question, { as, parameters }, run),
    posture: () => database.posture(run),
  };
}

async function viewOf({ served, rights, run }: OpeningParts, fresh: boolean): Promise<View> {
  const { database, views } = served;
  const { access, as } = rights;
  const catalog = await database.catalog(as, { fresh }, run);
  const known = views.get(access);
  if (known?.catalog === catalog) return known;
  const view: View = { catalog, visibility: createVisibility(access, catalog) };
  views.set(access, view);
  return view;
}

function guardOf(view: View, access: Access): Promise<StatementGuard> {
  view.guard ??= createStatementGuard(access, view.catalog, view.visibility);
  return view.guard;
}

function isUnknown(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'relation.unknown';
}

/** A statement of somebody else that is refused is one that is not shown. */
function nothingFor(error: unknown): undefined {
  if (error instanceof Refusal) return undefined;
  throw error;
}
