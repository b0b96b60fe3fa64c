/** A bridge's hold on the folder that is named, until it is killed: for tests of a second one. */
import { ownFolder } from '../../src/outbox/database.ts'

const ownership = ownFolder(process.argv[2] ?? '', Date.UTC(2026, 10, 25, 1, 0, 0))
process.stdout.write('owned\n')
// What nothing refers to any more is closed by the garbage collector.
setInterval(() => ownership, 1_000)
