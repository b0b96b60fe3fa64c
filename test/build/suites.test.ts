/** Other files' tests once more, on the release: of the whole path, and of the command line. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { buildRelease } from '../../build/build.ts'

const home = mkdtempSync(join(tmpdir(), 'pb-bridge-suites-'))
after(() => rmSync(home, { recursive: true }))

await buildRelease(join(home, 'dist'), join(home, 'dist-maps'))
process.env.PB_BRIDGE_CLI = join(home, 'dist/cli.js')

await import('../e2e/live.test.ts')
await import('../cli.test.ts')
await import('../cli/operate.test.ts')
