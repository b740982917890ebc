import { boundedText } from '@secure-mcp/validation';

import { LIMITS } from '../policy.ts';

/** A statement, as a caller sends it. */
export const sqlText = boundedText(LIMITS.sqlCharactersMax);

/** A name of the catalog. Each of its characters may come in quotes. */
export const identifierText = boundedText(LIMITS.identifierBytesMax * 2 + 2);

/** `schema.name`. */
export const relationText = boundedText(LIMITS.identifierBytesMax * 4 + 8);

/** Which database, by the name that the operator gave it. */
export const databaseName = boundedText(64);
