import { refusals } from '@secure-mcp/validation';

/** What this server refuses with, besides the common refusals. */
export const REFUSALS = {
  'sql.invalid': 'The statement holds characters that are not accepted.',
  'sql.syntax': 'The statement is not valid SQL.',
  'sql.not_one_statement': 'Exactly one statement is accepted.',
  'sql.not_a_query': 'Only SELECT, VALUES, TABLE and WITH … SELECT are accepted.',
  'sql.not_allowed': 'The statement uses a construct that is not accepted.',
  'sql.function': 'The statement calls a function that is not accepted.',
  'sql.type': 'The statement uses a type that is not accepted.',
  'sql.too_complex': 'The statement is too large or too deeply nested.',
  'sql.parameters': 'The parameters do not fit the statement.',
  'sql.unavailable': 'The SQL parser cannot be loaded, so no statement is accepted.',
  'relation.unknown': 'There is no such relation, or you may not read it.',
  'column.unknown': 'There is no such column, or you may not read it.',
  'database.unknown': 'There is no such database, or you may not use it.',
  'database.unavailable': 'The database cannot be reached now. Try again.',
  'database.refused': 'The database does not accept this server’s configuration.',
  'database.error': 'The database could not run the statement.',
  'database.denied': 'The role may not do this.',
  'database.timeout': 'The statement took too long and was stopped. Ask for less.',
  'database.too_much': 'The result is larger than one call may bring. Ask for less.',
  'cursor.invalid': 'The cursor does not belong to this request. Start without one.',
  'feature.absent': 'The database does not offer this.',
} as const;

export const refuse = refusals(REFUSALS);
