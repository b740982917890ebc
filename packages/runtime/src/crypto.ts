/**
 * `node:crypto`, loaded with its first use. An import would load it at the start, and those 5 ms are
 * time in which a client waits for the tool list.
 */
export function crypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}
