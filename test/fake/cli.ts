import { join } from 'node:path'

/** The command line under test: the source, or the release that `test/build` names before it takes in other tests. */
export const RELEASE = process.env.PB_BRIDGE_CLI
export const CLI = RELEASE ?? join(import.meta.dirname, '../../src/cli.ts')
