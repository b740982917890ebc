export type { CatalogScope } from './catalog/catalog.ts';
export { createDatabase, type DatabaseOptions } from './create-database.ts';
export type { Cell, Column, Database, Rows, Run } from './database.ts';
export type { Finding } from './posture/posture.ts';
export type { Question } from './questions/question.ts';
export { readConnectionUrl } from './connection-url.ts';
export { assertDemo, createDemoDatabase, EmbeddedMissing } from './demo-database.ts';
export { setupSql } from './setup-sql.ts';
