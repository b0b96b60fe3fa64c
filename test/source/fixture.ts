/** What the tests of the bot share: one session against a server, with everything that it reports kept. */

import type { ChatMessage } from '../../src/source/chat.ts'
import type { Ending } from '../../src/source/disconnect.ts'
import { type Dialect, loadDialect } from '../../src/source/library.ts'
import { type Play, runSession } from '../../src/source/session.ts'
import { fakeClock } from '../fake/clock.ts'
import { stopServers } from '../fake/game.ts'
import { fakeLog } from '../fake/log.ts'
import { until } from '../fake/until.ts'

export async function dialectOf(version: string): Promise<Dialect> {
  const dialect = await loadDialect(version)
  if ('reason' in dialect) throw new Error(dialect.reason)
  return dialect
}

const open = new Set<{ stop(): void; ended: Promise<Ending> }>()

/** For `afterEach`: nothing of a test goes on, be it that it failed. */
export async function tidyUp(): Promise<void> {
  for (const session of open) session.stop()
  await Promise.all([...open].map(({ ended }) => ended))
  open.clear()
  await stopServers()
}

export type OpenSession = Awaited<ReturnType<typeof openSession>>

export async function openSession(
  version: string,
  port: number,
  over: {
    host?: string
    readIntervalMs?: number
    clock?: ReturnType<typeof fakeClock>
    onMessage?(stop: AbortController): void
  } = {},
) {
  const clock = over.clock ?? fakeClock()
  const log = fakeLog()
  const stop = new AbortController()
  const plays: Play[] = []
  const messages: ChatMessage[] = []
  const endings: Ending[] = []
  const ended = runSession(
    {
      host: over.host ?? '127.0.0.1',
      port,
      readIntervalMs: over.readIntervalMs ?? 0,
      username: 'Bot',
      auth: 'offline',
      tokenDir: '',
      onDeviceCode: () => {},
    },
    await dialectOf(version),
    { clock, log, signal: stop.signal },
    {
      attached: play => plays.push(play),
      message: message => {
        messages.push(message)
        over.onMessage?.(stop)
      },
    },
  ).then(ending => {
    endings.push(ending)
    return ending
  })
  const session = {
    clock,
    log,
    ended,
    endings,
    plays,
    messages,
    texts: () => messages.map(({ text }) => text),
    stop: () => stop.abort(),
    /** The bot in play. */
    async play(): Promise<Play> {
      await until(`the bot is in play (${endings[0]?.reason ?? 'not ended'})`, () => plays.length > 0)
      const [play] = plays
      if (!play) throw new Error('not in play')
      return play
    },
    heard: (count: number) => until(`${count} lines of chat`, () => messages.length >= count),
  }
  open.add(session)
  return session
}
