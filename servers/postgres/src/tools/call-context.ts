import type { PolicyDatabase, Principal } from '@secure-mcp/auth';
import type { Call } from '@secure-mcp/runtime';

import { type Cursors, refuse } from '../guard/index.ts';
import { type Access, columnOf, LOGIN_ROLE, narrow, qualified, type RunAs } from '../policy.ts';
import type { Context } from './context.ts';
import { openDatabase, type Rights, type Served } from './open-database.ts';

/** A database that is served, with what each caller may do in it. */
export interface Entry extends Served {
  readonly description: string | undefined;
  readonly access: Access;
  /** What an entry of the policy leaves; made once, because views of the catalog are kept for it. */
  readonly rights: Map<PolicyDatabase | undefined, Access>;
}

/** What outlives a call. */
export interface Serving {
  readonly entries: readonly Entry[];
  readonly cursors: Cursors;
}

/** What one call may touch: the operator's databases, narrowed by the caller's policy. */
export function contextOf(call: Call, { entries, cursors }: Serving): Context {
  const { principal, grant } = call;
  const usable = entries.flatMap((entry) => {
    const section = sectionOf(call, entry.database.name);
    return grant.entry === undefined || section !== undefined ? [{ entry, section }] : [];
  });
  return {
    principalId: principal.id,
    cursors,
    databases: usable.map(({ entry: { database, description } }) => ({
      name: database.name,
      description,
    })),
    async database(name) {
      const [first] = usable;
      const found =
        name === undefined ? first : usable.find(({ entry }) => entry.database.name === name);
      if (found === undefined) return refuse('database.unknown');
      return openDatabase({
        served: found.entry,
        rights: rightsOf(found.entry, found.section, principal),
        run: { signal: call.signal, deadline: call.deadline },
        touch: (target) => call.touch(target),
      });
    },
  };
}

function sectionOf({ grant }: Call, name: string): PolicyDatabase | undefined {
  return grant.entry?.postgres?.databases.find(({ database }) => database === name);
}

function rightsOf(
  { access, rights }: Entry,
  section: PolicyDatabase | undefined,
  principal: Principal,
): Rights {
  const narrowed = rights.get(section) ?? narrowedBy(access, section);
  rights.set(section, narrowed);
  return { access: narrowed, as: runAsOf(section, principal) };
}

function narrowedBy(access: Access, section: PolicyDatabase | undefined): Access {
  if (section === undefined) return access;
  const { schemas, only, deny, masks } = section;
  return narrow(access, {
    schemas,
    only: only?.map(qualified),
    deny: deny.map(qualified),
    masks: masks.map(({ column, how }) => ({ ...columnOf(column), how })),
  });
}

/** What row-level security sees. A property that the caller does not have is no value that it could match. */
function runAsOf(section: PolicyDatabase | undefined, principal: Principal): RunAs {
  if (section === undefined) return LOGIN_ROLE;
  const settings = Object.entries(section.settings).map(([name, value]): [string, string] => {
    if (typeof value === 'string') return [name, value];
    const property = principal[value.from];
    return [name, property ?? refuse('database.unknown', { detail: `no ${value.from}` })];
  });
  return { role: section.role, settings: Object.fromEntries(settings) };
}
