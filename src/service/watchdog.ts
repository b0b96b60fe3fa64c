/**
 * Says to systemd that the bridge is up, and from then on that it is alive, as often as systemd wants to hear it
 * (sd_notify(3)). Node has no datagram sockets of Unix, so systemd's own `systemd-notify` carries the word.
 */
import { spawn } from 'node:child_process'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'

const PROGRAM = 'systemd-notify'

export type Watchdog = {
  stop(): void
}

/** Does nothing where systemd did not start this process. A process that hangs says nothing, and is started anew. */
export function startWatchdog(env: NodeJS.ProcessEnv, { clock, log }: { clock: Clock; log: Log }): Watchdog {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, PATH } = env
  if (!NOTIFY_SOCKET) return { stop: () => {} }
  const periodMs = Number(WATCHDOG_USEC) / 1000
  let cancel = () => {}
  let said = false

  function tell(...words: string[]) {
    const child = spawn(PROGRAM, words, { env: { NOTIFY_SOCKET, PATH }, stdio: 'ignore' })
    child.on('error', error => {
      if (!said)
        log.warn(
          {},
          `systemd can't be told that the bridge is alive (${error.message}); install systemd-notify, or leave WatchdogSec and Type=notify out of the unit`,
        )
      said = true
    })
  }

  function beat() {
    tell('WATCHDOG=1')
    arm()
  }

  function arm() {
    // Half the period, as sd_watchdog_enabled(3) advises.
    if (periodMs > 0) cancel = clock.after(periodMs / 2, beat)
  }

  tell('--ready')
  arm()
  return { stop: () => cancel() }
}
