import type { Plugin } from 'esbuild';

/** A warning tells of something that is left out, or of code that does something else than it says. */
export const warningsFail: Plugin = {
  name: 'warnings-fail',
  setup({ onEnd }) {
    onEnd(({ warnings }) => ({ errors: warnings }));
  },
};
