/**
 * One Minecraft server under MCDReforged with Prime Backup, its players and its admin, as they are: what they do follows
 * from the plan, what they show goes outside, and the truth of it is kept for the judge.
 */
import type { Clock } from '../../src/clock.ts'
import { diceOf, type Happening, HOUR, MINUTE, type Plan } from './plan.ts'
import { createPlayers } from './players.ts'
import { createPrimeBackup, type Outside } from './primebackup.ts'
import { mcdrHead, say } from './text.ts'
import { traceOf } from './trace.ts'
import { localTime, nextAt } from './zone.ts'

const RELOAD_MS = 1_500

export type World = ReturnType<typeof createWorld>

export function createWorld(plan: Plan, clock: Clock, outside: Outside) {
  const dice = diceOf(plan.seed)
  const { between, whole, chance } = dice
  const { zone, language } = plan
  let serverRuns = false
  let mcdrRuns = false
  const server = traceOf(false)
  const players = createPlayers(zone, dice, clock, () => serverRuns)
  const primeBackup = createPrimeBackup(plan, dice, clock, outside, {
    serverRuns: () => serverRuns,
    online: players.online,
  })

  const note = (thread: string, place: string, text: string) =>
    outside.log(mcdrHead(localTime(clock.now(), zone), thread, place, text))

  function startServer() {
    if (serverRuns || !mcdrRuns) return
    serverRuns = true
    server.set(clock.now(), true)
    const text = say('processRuns', language, whole(100, 30_000))
    note('TaskExecutor', 'mcdr_server.py:500(__on_server_start_post)', text)
    outside.server(true)
  }

  function stopServer(killed = false) {
    if (!serverRuns) return
    serverRuns = false
    server.set(clock.now(), false)
    players.kick()
    if (!killed) note('MainThread', 'mcdr_server.py:507(__on_server_stop)', say('processStopped', language))
    outside.server(false)
  }

  function startMcdr() {
    mcdrRuns = true
    primeBackup.load()
    clock.after(between(3_000, MINUTE), startServer)
  }

  function restartMcdr(ms: number, killed: boolean) {
    if (!mcdrRuns) return
    stopServer(killed)
    primeBackup.unload(killed)
    mcdrRuns = false
    clock.after(ms, startMcdr)
  }

  /** The console where the log shows it; a player, where chat alone is seen. */
  function reload() {
    const types = plan.source === 'chat' || (plan.source === 'both' && chance(0.5))
    if (!mcdrRuns || (types && !serverRuns)) {
      clock.after(HOUR / 2, reload)
      return
    }
    if (types) outside.typed('!!MCDR plg reload prime_backup')
    primeBackup.unload()
    clock.after(RELOAD_MS, primeBackup.load)
  }

  function restartEachNight(hour: number) {
    const at = nextAt(clock.now(), zone, { hours: [hour], minute: 30 })
    clock.after(at - clock.now(), () => {
      if (mcdrRuns) {
        stopServer()
        clock.after(between(1, 3) * MINUTE, startServer)
      }
      restartEachNight(hour)
    })
  }

  /** What becomes of who watches is not the world's. */
  const HAPPEN: { [T in Happening['type']]?: (happening: Happening & { type: T }) => void } = {
    server_down: ({ ms }) => {
      stopServer()
      clock.after(ms, startServer)
    },
    mcdr_restart: ({ ms }) => restartMcdr(ms, chance(0.2)),
    reload,
    change: ({ schedule }) => {
      primeBackup.change(schedule)
      reload()
    },
    manual: ({ failure }) => primeBackup.makeManual(failure),
    pause: ({ ms }) => primeBackup.pause(ms),
    failures: ({ failure, nights }) => primeBackup.fail(failure, nights),
    hang: ({ factor, ms }) =>
      primeBackup.hang(factor, () => clock.after(ms, () => restartMcdr(2 * MINUTE, true))),
    absence: ({ ms }) => {
      if (!primeBackup.die()) return
      clock.after(Math.max(ms, 2 * plan.longestMs), () => {
        if (primeBackup.isDead()) reload()
      })
    },
    removed: () => {
      if (plan.source !== 'log' && serverRuns) outside.typed('!!MCDR plg unload prime_backup')
      primeBackup.remove()
    },
  }

  function happen(happening: Happening) {
    const rule = HAPPEN[happening.type] as ((happening: Happening) => void) | undefined
    rule?.(happening)
  }

  return {
    start: () => {
      startMcdr()
      players.start()
      if (plan.restartsAt !== undefined) restartEachNight(plan.restartsAt)
      for (const happening of plan.happenings)
        clock.after(happening.at - clock.now(), () => happen(happening))
    },
    /** How many players a ping shows, beside the bot. */
    online: () => (serverRuns ? players.online() : undefined),
    truth: { ...primeBackup.truth, server, players: players.trace },
  }
}
