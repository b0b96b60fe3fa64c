/** The tour: a practice server, the real bridge and a local receiver, played once and then left to whoever watches. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBridge } from '../bridge.ts'
import { systemClock as clock } from '../clock.ts'
import { parseConfig } from '../config.ts'
import type { Language } from '../language.ts'
import type { Log } from '../log.ts'
import { openMemory } from '../outbox/database.ts'
import { createStore } from '../outbox/store.ts'
import { stripFormatting } from '../primebackup/messages.ts'
import { NARRATION } from './narration.ts'
import { createPrimeBackup, type PrimeBackup } from './primebackup.ts'
import { createReceiver, type ReceivedNotification } from './receiver.ts'
import { createScreen, type Screen } from './screen.ts'
import { createPracticeServer, type PracticeServer, type VirtualPlayer } from './server.ts'

const BOT = 'PrimeBackupBot'
const PLAYER = 'Steve'
const ENDPOINTS = 3
/** A step that has not been told everywhere by then counts as not arrived. */
const STEP_DEADLINE_MS = 60_000

export type DemoOptions = {
  /** End after the tour instead of staying up. */
  once: boolean
  language: Language
  /** Version of Minecraft that the practice server speaks. */
  minecraft?: string
  /** Resolves when a person wants to end it; the tour is cut short. */
  stopped: Promise<unknown>
}

/** 0 when everything arrived, and when a person ended it; 1 when something did not. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'prime-backup-bridge-demo-'))
  try {
    return await play(options, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** `folder` stands for MCDR's. */
async function play({ once, language, minecraft, stopped }: DemoOptions, folder: string): Promise<number> {
  const screen = createScreen()
  const say = (key: keyof typeof NARRATION, ...values: (string | number)[]) => {
    let used = 0
    const text = NARRATION[key][language].replace(/\{\}/g, () => String(values[used++] ?? ''))
    screen.print(text, 'bold')
  }
  const receiver = createReceiver({ clock })
  const urls = await receiver.start()
  const server = createPracticeServer({
    clock,
    operators: [BOT, PLAYER],
    ...(minecraft !== undefined && { version: minecraft }),
  })
  const { port } = await server.start()
  const files = {
    mcdrLog: join(folder, 'logs', 'MCDR.log'),
    database: join(folder, 'pb_files', 'prime_backup.db'),
  }
  const primeBackup = createPrimeBackup({
    server,
    clock,
    language,
    timings: { restartMs: 2000 },
    ...files,
  })
  primeBackup.start()
  const store = createStore(() => openMemory(), { clock, onHealth() {} })
  const bridge = createBridge(parseConfig(demoConfig(port, urls, files, language), 'the demo', {}), {
    clock,
    store,
    log: narratedLog(screen),
    random: Math.random,
  })
  const steve = server.addVirtualPlayer(PLAYER)
  server.events.on('seen', (_name, { text, private: alone }) =>
    screen.print(
      `  chat  │ ${stripFormatting(text)}${alone ? ` ⟵ ${NARRATION.alone[language]}` : ''}`,
      'cyan',
    ),
  )
  let arrivals = 0
  receiver.onNotification(arrival => {
    arrivals += 1
    show(screen, arrival)
  })

  const stage: Stage = {
    server,
    primeBackup,
    steve,
    say,
    screen,
    arrivals: () => arrivals,
    language,
    stopped: false,
  }
  const end = stopped.then(() => {
    stage.stopped = true
  })
  say('welcome')
  say('server', server.version, `127.0.0.1:${port}`)
  say('receiver', new URL(urls.webhook).origin)
  bridge.start()
  const complete = await Promise.race([tour(stage), end.then(() => true)])
  if (!stage.stopped) say(complete ? 'allWell' : 'notWell')
  if (!once && !stage.stopped) await stayUp(stage, end)
  await bridge.stop()
  store.close()
  await primeBackup.stop()
  await server.stop()
  await receiver.close()
  return complete ? 0 : 1
}

type Stage = {
  screen: Screen
  server: PracticeServer
  primeBackup: PrimeBackup
  steve: VirtualPlayer
  say(key: keyof typeof NARRATION, ...values: (string | number)[]): void
  arrivals(): number
  language: Language
  stopped: boolean
}

/** Each step waits until its notifications arrived everywhere; false when any did not. */
async function tour(stage: Stage): Promise<boolean> {
  const { server, primeBackup, steve, say } = stage
  let wanted = 0
  let complete = true

  async function step(title: 'backup' | 'failing' | 'restore' | 'test', events: number, play: () => void) {
    say(title)
    wanted += events * ENDPOINTS
    play()
    const arrived = await until(() => stage.stopped || stage.arrivals() >= wanted)
    complete &&= arrived
    if (!stage.stopped) say(arrived ? 'arrived' : 'missing', stage.arrivals(), wanted)
  }

  const joined = await until(() => stage.stopped || server.players().includes(BOT))
  if (!joined) return false
  say('joined', BOT)
  await step('backup', 2, () => steve.type('!!pb make before the party'))
  await step('failing', 2, () => {
    primeBackup.failNext('raise')
    steve.type('!!pb make this one fails')
  })
  await step('restore', 2, () => {
    steve.type('!!pb back 1')
    steve.type('!!pb confirm')
  })
  // With the log the end of a restore is told before the server is up again.
  if (!(await until(() => stage.stopped || server.players().includes(BOT)))) return false
  await step('test', 1, () => steve.type('!!pb test notify'))
  const answered = await until(
    () => stage.stopped || steve.seen.some(({ text }) => /^\[PB\] (Summary|总计): 3\/3/.test(text)),
  )
  say(answered ? 'answered' : 'unanswered')
  return complete && answered
}

/** A prompt at which one types as the player, until the end of the input or a signal. */
async function stayUp({ screen, primeBackup, steve, say, language }: Stage, end: Promise<void>) {
  say('stays', PLAYER)
  const examples = [
    '!!pb make my first backup',
    '!!pb back 1',
    '!!pb confirm',
    '!!pb test notify restore_failure',
    '!!pb notify status',
  ]
  for (const example of examples) screen.print(`    ${example}`)
  screen.print(`    /fail   ${NARRATION.fail[language]}`)
  screen.print(`    /quit   ${NARRATION.quit[language]}`)
  const { promise: quit, resolve } = Promise.withResolvers<void>()
  const onLine = (words: string) => {
    if (words === '/quit') resolve()
    else if (words === '/fail') primeBackup.failNext('raise')
    else if (words !== '') steve.type(words)
  }
  await screen.prompt(`${PLAYER}> `, onLine, Promise.race([quit, end]))
}

async function until(condition: () => boolean): Promise<boolean> {
  const deadline = clock.monotonic() + STEP_DEADLINE_MS
  while (!condition()) {
    if (clock.monotonic() > deadline) return false
    await clock.sleep(50)
  }
  return true
}

/** The config that a user would write for this server and these endpoints. */
function demoConfig(
  port: number,
  urls: { webhook: string; bark: string; serverchan: string },
  files: { mcdrLog: string; database: string },
  language: Language,
): string {
  return JSON.stringify({
    servers: [
      {
        name: 'survival',
        minecraft: { port, username: BOT },
        mcdr: { log: files.mcdrLog },
        primeBackup: { database: files.database },
        commands: { operators: [PLAYER], cooldown: '1s' },
      },
    ],
    notification: {
      enabled: true,
      language,
      endpoints: [
        { name: 'webhook', url: urls.webhook },
        { name: 'phone', type: 'bark', url: urls.bark, bark: { device_key: 'demo-key' } },
        { name: 'wechat', type: 'serverchan', url: urls.serverchan },
      ],
    },
  })
}

/** Bark as the phone shows it, the others as a line: three boxes an event would drown the tour. */
function show({ print }: Screen, { provider, title, lines }: ReceivedNotification) {
  if (provider !== 'bark') return print(`  ${provider.padEnd(10)} ◀ ${title}`, 'green')
  for (const line of lines) print(`  ${line}`, 'green')
}

function narratedLog({ print }: Screen): Log {
  const line = (_fields: object, message: string) => print(`  bridge│ ${message}`, 'gray')
  return { debug() {}, info: line, warn: line, error: line }
}
