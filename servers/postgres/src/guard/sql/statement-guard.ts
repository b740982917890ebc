import type { ParseResult } from '@pgsql/types';

import { type Access, LIMITS } from '../../policy.ts';
import type { Catalog } from '../catalog.ts';
import { loadParser, NotSql, type Parser, TooDeep } from '../parser.ts';
import type { ReadStatement, StatementGuard } from '../statement.ts';
import { createVisibility, type Visibility } from '../visibility.ts';
import { takeCensus } from './census.ts';
import { type Complain, complaints, placeText } from './complaint.ts';
import type { Body } from './grammar/index.ts';
import { createFunctions, judgeAttributes, judgeCalls } from './judge-calls.ts';
import { judgeNames, judgeParameters, judgeTypes } from './judge-names.ts';
import { judgeRelations } from './judge-relations.ts';
import { createMasks } from './masks.ts';
import { normalize } from './normal-form.ts';
import { judgeSize } from './size.ts';
import { writeAnew } from './write-anew.ts';

/**
 * Makes the judge of one caller's statements in one database.
 *
 * PostgreSQL's own grammar reads a statement; all of it has to be on the lists; and what is sent is
 * written anew from what was read. So no comment, escape or spelling of the caller reaches the server,
 * and what it reads is what was judged.
 */
export async function createStatementGuard(
  access: Access,
  catalog: Catalog,
  visibility: Visibility = createVisibility(access, catalog),
): Promise<StatementGuard> {
  const parser = await loadParser();
  const functions = createFunctions(access, catalog);
  const masks = createMasks(parser);

  return {
    parse(sql, parameters) {
      const complain = complaints(sql);
      judgeText(sql, complain);
      const statement = readOne(parser, sql, complain);
      const census = takeCensus(statement, complain);
      normalize(census, complain);
      judgeParameters(census, parameters, complain);
      judgeNames(census, complain);
      judgeTypes(census, { access, catalog }, complain);
      judgeAttributes(census, functions, complain);
      judgeCalls(census, functions, complain);
      judgeSize(statement.SelectStmt, complain);
      const { relations, isMasked } = judgeRelations(census, { visibility, masks }, complain);
      return {
        ...writeAnew(parser, { statement, sql }, complain),
        parameters,
        fingerprint: parser.fingerprint(sql),
        relations,
        isOrdered: (statement.SelectStmt.sortClause?.length ?? 0) > 0,
        isMasked,
      } as ReadStatement;
    },
  };
}

/**
 * A scanner takes all signs that follow each other for an operator, then gives all but the first
 * back: 32 000 of them keep it busy for seconds. Nobody writes as many.
 */
const TOO_MANY_SIGNS = /[-+*/<>=~!@#%^&|`?]{256}/;

/**
 * Judges the text before a parser sees it. NUL ends a string in C, so that the parser would read less
 * than was sent; the other control characters have no use in a statement.
 */
function judgeText(sql: string, complain: Complain): void {
  if (sql.length > LIMITS.sqlCharactersMax || TOO_MANY_SIGNS.test(sql))
    complain('sql.too_complex', undefined, { detail: 'text' });
  // oxlint-disable-next-line no-control-regex
  if (!sql.isWellFormed() || /[\0-\x08\x0e-\x1f\x7f]/.test(sql)) complain('sql.invalid');
}

/** Parses, and takes the one statement, when it is a query. */
function readOne(
  parser: Parser,
  sql: string,
  complain: Complain,
): { SelectStmt: Body<'SelectStmt'> } {
  const { stmts = [] } = parseText(parser, sql, complain);
  const [only] = stmts;
  if (only?.stmt === undefined || stmts.length > 1) return complain('sql.not_one_statement');
  if (!('SelectStmt' in only.stmt))
    return complain('sql.not_a_query', undefined, { detail: Object.keys(only.stmt).join() });
  return only.stmt;
}

function parseText(parser: Parser, sql: string, complain: Complain): ParseResult {
  if (sql.trim() === '') return complain('sql.not_one_statement');
  try {
    return parser.parse(sql);
  } catch (error) {
    if (error instanceof NotSql)
      return complain('sql.syntax', undefined, { advice: placeText(error.place) });
    if (error instanceof TooDeep)
      return complain('sql.too_complex', undefined, { detail: 'stack' });
    throw error;
  }
}
