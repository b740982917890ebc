import type { Handle, RefState } from '../handle.ts';

/** True while every ref is as it was, and so is what git says of them. */
export function isSameState(before: RefState, now: RefState): boolean {
  return before.listed === now.listed && before.stamps === now.stamps;
}

/** About the bytes that a state takes in memory. */
export function bytesOf({ listed, files, stamps }: RefState): number {
  const paths = files.reduce((sum, file) => sum + file.length + 32, 0);
  return listed.length + stamps.length + paths;
}

interface Remembered<Value> {
  readonly state: RefState;
  readonly value: Value;
}

/**
 * Asks git for what follows from the refs, and from objects that never change, and remembers it for as
 * long as the files of refs are the same ones.
 *
 * @param name what was asked. One name has one type of answer.
 * @param sizeOf bytes that an answer takes in memory.
 */
export async function whileRefsStay<Value>(
  { cache, refFiles }: Handle,
  name: string,
  ask: () => Promise<Value>,
  sizeOf: (value: Value) => number,
): Promise<Value> {
  const kept = cache.get<Remembered<Value>>(name);
  // Before git is asked: what changes meanwhile has another state.
  const state = refFiles.state(kept?.state);
  if (kept !== undefined && state !== undefined && isSameState(kept.state, state)) {
    return kept.value;
  }
  const value = await ask();
  if (state !== undefined) {
    cache.set(name, { state, value }, name.length + sizeOf(value) + bytesOf(state));
  }
  return value;
}
