import type * as z from 'zod';

/**
 * A value that a guard has vouched for under the contract called `Name`.
 *
 * It is minted by a schema (`.brand<Name>()`) or by a file in `guard/`; lint forbids the type
 * assertion that would forge one anywhere else. Adapters take only trusted values, so a call that
 * skipped its guard does not compile.
 */
export type Trusted<Value, Name extends string> = Value & z.core.$brand<Name>;
