/**
 * What a client on stdio never needs, and would wait for. In the bundle it lies in a file of its own,
 * `dist/network.cjs`: the bundler puts the way to it in this file's place (`scripts/bundle.ts`).
 */

export const loadHttp = () => import('../http/serve.ts');
export const loadKeys = () => import('./keys.ts');
export const loadInspect = () => import('./inspect.ts');
export const loadHealth = () => import('./health.ts');
