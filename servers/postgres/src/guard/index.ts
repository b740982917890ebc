export { browse, type Browsed, filter, type Browsing } from './browse.ts';
export type { Catalog, CatalogColumn, CatalogFunction, Relation, RelationKind } from './catalog.ts';
export { createCursors, type Cursors, cursorText, type Position } from './cursor.ts';
export { type ConnectionTarget, parseConnectionUrl } from './dsn.ts';
export { requestedName } from './identifier.ts';
export { type ParameterValue, parameterValues, wireValues } from './parameters.ts';
export { isParserReady, loadParser, type Parser } from './parser.ts';
export { refuse, REFUSALS } from './refusals.ts';
export { databaseName, identifierText, relationText, sqlText } from './schemas.ts';
export { TRANSPARENT } from './sql/functions.ts';
export { SALT_SETTING } from './sql/masks.ts';
export { createStatementGuard } from './sql/statement-guard.ts';
export type { ReadStatement, StatementGuard } from './statement.ts';
export {
  createVisibility,
  namedInVain,
  type Visibility,
  type VisibleRelation,
} from './visibility.ts';
