/** The clocks: is the log's local time that of the zone that the config says? */
import { formatDuration } from '../duration.ts'
import { epochOf } from '../localtime.ts'
import { lookIntoLog, offsetAt, zoneNameOf, zoneOffsetOf } from '../setup/logfile.ts'
import { ok, type Said, warning } from './finding.ts'
import type { Patient, WatchedServer } from './patient.ts'

/** As the bridge itself has it when it follows a log. */
const MOST_WRONG_MS = 10 * 60_000

export function checkLogTimes({ servers, clock }: Patient): Said[] {
  return servers.flatMap(server => checkLogTime(server, clock.now()) ?? [])
}

function checkLogTime({ config }: WatchedServer, now: number): Said | undefined {
  const { name, mcdr, timeZone } = config
  const look = mcdr && lookAt(mcdr.log)
  if (!mcdr || look?.lastTime === undefined) return undefined
  const ofLog = zoneOffsetOf(look)
  const expected = offsetAt(look.writtenAt, timeZone)
  if (ofLog !== undefined && ofLog !== expected) {
    const aheadMs = ofLog - expected
    return warning(
      `server ${name}: the times in ${mcdr.log} are ${formatDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'} the clock of ${timeZone ?? 'this machine'}`,
      `write "timeZone": "${zoneNameOf(ofLog)}", or the zone's own name, into the server's block`,
    )
  }
  const lastAt = epochOf(look.lastTime, timeZone)
  if (lastAt !== undefined && lastAt > now + MOST_WRONG_MS)
    return warning(
      `server ${name}: the last line of ${mcdr.log} is ${formatDuration(lastAt - now)} in the future`,
      "set the clocks of this machine and of MCDReforged's, or timeZone",
    )
  return ok(`server ${name}: the log's times are those of ${timeZone ?? 'this machine'}`)
}

/** That it can't be read is said elsewhere. */
function lookAt(file: string) {
  try {
    return lookIntoLog(file)
  } catch {
    return undefined
  }
}
