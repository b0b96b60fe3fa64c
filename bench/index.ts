/** `npm run bench [-- NAME …]`: runs the benches, or those named. */
import { benchClient } from './client.ts'
import { benchLog } from './log.ts'
import { benchMany } from './many.ts'
import { machine } from './measure.ts'
import { benchOutbox } from './outbox.ts'
import { benchStart } from './start.ts'

const BENCHES: { [name: string]: () => Promise<void> } = {
  outbox: benchOutbox,
  log: benchLog,
  start: benchStart,
  client: benchClient,
  many: benchMany,
}

const asked = process.argv.slice(2)
const unknown = asked.filter(name => !Object.hasOwn(BENCHES, name))
if (unknown.length > 0) {
  console.error(`no bench named ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`)
  process.exitCode = 2
} else {
  console.log(machine())
  for (const [name, run] of Object.entries(BENCHES)) {
    if (asked.length > 0 && !asked.includes(name)) continue
    console.log(`\n## ${name}\n`)
    await run()
  }
}
