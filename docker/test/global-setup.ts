import { buildImage, containerRuntime, SERVERS } from '@secure-mcp/testkit/containers';
import type { TestProject } from 'vitest/node';

/** Builds the images of the servers once for all suites of a run, or says why none is run. */
export async function setup(project: TestProject): Promise<void> {
  const missing = await whatIsMissing();
  if (missing !== undefined) {
    // CI has to show them, so there it is an error.
    if (process.env['CI'] === 'true') throw new Error(`CI=true, and ${missing}`);
    console.log(`The suites in containers are left out: ${missing}`);
  }
  project.provide('containers', missing === undefined);
}

async function whatIsMissing(): Promise<string | undefined> {
  if (process.env['TEST_CONTAINERS'] === 'none') return 'TEST_CONTAINERS asks for it';
  if ((await containerRuntime()) === undefined) return 'no container runtime answers';
  try {
    // One after the other: all but the bundle is the same for two of them.
    for (const server of SERVERS) await buildImage(server);
    return undefined;
  } catch (error) {
    // Most likely the image that they are made from cannot be pulled.
    return `the images could not be built: ${String(error)}`;
  }
}

declare module 'vitest' {
  interface ProvidedContext {
    /** True where the servers' images are there to be run. */
    readonly containers: boolean;
  }
}
