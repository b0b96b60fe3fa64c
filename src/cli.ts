#!/usr/bin/env node
/** argv → one call, and its exit code: 0 done, 1 something failed, 2 wrong use or a faulty config. */
import { readFileSync } from 'node:fs'
import { type ParseArgsConfig, parseArgs } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>
type Values = { [name: string]: string | boolean | undefined }

type Command = {
  usage: string
  summary: string
  options: Options
  /** Names of the arguments after the command; those in brackets may be left out, and there may be many of one with `…`. */
  arguments?: string[]
  run(values: Values, positionals: string[]): Promise<number>
}

const CONFIG: Options = { config: { type: 'string', short: 'c', default: './config.json' } }

const DEAD: Options = { dead: { type: 'boolean', default: false }, endpoint: { type: 'string' } }

const COMMANDS: { [name: string]: Command } = {
  run: {
    usage: 'run [--config FILE]',
    summary: 'watch the servers of the config until stopped',
    options: CONFIG,
    run: async values => (await import('./cli/run.ts')).run(String(values.config)),
  },
  demo: {
    usage: 'demo [--once] [--language en_us|zh_cn] [--minecraft VERSION]',
    summary: 'a practice server, the real bridge and a local receiver: see it work',
    options: {
      ...CONFIG,
      once: { type: 'boolean', default: false },
      language: { type: 'string', default: 'en_us' },
      minecraft: { type: 'string' },
    },
    run: async values => (await import('./cli/demo.ts')).demo(values),
  },
  init: {
    usage: 'init [--mcdr DIR…] [--language en_us|zh_cn] [--config FILE]',
    summary:
      'find MCDReforged, Prime Backup and the server, ask for the rest, send a test, and write a new config',
    options: {
      ...CONFIG,
      mcdr: { type: 'string', multiple: true },
      language: { type: 'string' },
    },
    run: async values => (await import('./cli/init.ts')).init(values),
  },
  check: {
    usage: 'check [--online] [--json] [--config FILE]',
    summary:
      'find what is wrong with the config and with all that it names, and say the remedy; --online also asks the servers and the endpoints, lets the bot join for a moment, and sends nothing; --json: one list',
    options: {
      ...CONFIG,
      online: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
    run: async values => (await import('./cli/check.ts')).check(values),
  },
  reload: {
    usage: 'reload [--config FILE]',
    summary:
      'have the running bridge read its config again; a server or endpoint that is the same is not touched',
    options: CONFIG,
    run: async values => (await import('./cli/reload.ts')).reload(String(values.config)),
  },
  'test-notify': {
    usage: 'test-notify [EVENT] [--endpoint NAME] [--config FILE]',
    summary: 'send a test notification and show what each endpoint answered',
    options: { ...CONFIG, endpoint: { type: 'string' } },
    arguments: ['[event]'],
    run: async (values, [event]) =>
      (await import('./cli/test-notify.ts')).testNotify(String(values.config), {
        event,
        endpoint: values.endpoint as string | undefined,
      }),
  },
  replay: {
    usage:
      'replay [--log FILE…] [--chat FILE] [--database FILE] [--no-settle] [--language en_us|zh_cn] [--server NAME] [--config FILE]',
    summary:
      "print the notifications that MCDReforged's logs (and their zips) or a chat recording give, one JSON payload a line",
    options: {
      log: { type: 'string', multiple: true },
      chat: { type: 'string' },
      database: { type: 'string' },
      'no-settle': { type: 'boolean', default: false },
      language: { type: 'string', default: 'en_us' },
      server: { type: 'string' },
      config: { type: 'string', short: 'c' },
    },
    arguments: ['[log…]'],
    run: async (values, logs) => (await import('./cli/replay.ts')).replay(values, logs),
  },
  events: {
    usage: 'events [--since 7d] [--json] [--config FILE]',
    summary: 'list what happened and what came of telling it; --json: one object a line',
    options: {
      ...CONFIG,
      since: { type: 'string', default: '7d' },
      json: { type: 'boolean', default: false },
    },
    run: async values => (await import('./cli/events.ts')).events(values),
  },
  deliveries: {
    usage:
      'deliveries [--state dead|waiting|paused|delivered|digested|expired|dropped] [--endpoint NAME] [--since 7d] [--json] [--config FILE]',
    summary: 'list deliveries, their tries and why they failed; --json: one object a line, with the answers',
    options: {
      ...CONFIG,
      state: { type: 'string' },
      endpoint: { type: 'string' },
      since: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
    run: async values => (await import('./cli/deliveries.ts')).deliveries(values),
  },
  resend: {
    usage: 'resend DELIVERY|EVENT|--dead [--endpoint NAME] [--config FILE]',
    summary:
      'send a delivery, all of an event, or all dead letters again, on a running bridge or a stopped one',
    options: { ...CONFIG, ...DEAD },
    arguments: ['[delivery or event]'],
    run: async (values, [id]) => (await import('./cli/operate.ts')).change('resend', values, id),
  },
  drop: {
    usage: 'drop DELIVERY|EVENT|--dead [--endpoint NAME] [--config FILE]',
    summary: 'give a waiting delivery or a dead letter up for good',
    options: { ...CONFIG, ...DEAD },
    arguments: ['[delivery or event]'],
    run: async (values, [id]) => (await import('./cli/operate.ts')).change('drop', values, id),
  },
  resume: {
    usage: 'resume ENDPOINT [--config FILE]',
    summary: 'end the pause of an endpoint; what waits for it is sent now',
    options: CONFIG,
    arguments: ['endpoint'],
    run: async (values, [endpoint]) => (await import('./cli/operate.ts')).resume(values, endpoint),
  },
  service: {
    usage: 'service install|uninstall|status|print [--user NAME] [--config FILE]',
    summary: 'keep the bridge running by systemd, as a user of its own; print: show the unit and do nothing',
    options: { ...CONFIG, user: { type: 'string' } },
    arguments: ['what to do'],
    run: async (values, [verb]) => (await import('./cli/service.ts')).service(values, verb),
  },
  secret: {
    usage: 'secret',
    summary: 'print a new secret for the signatures of a webhook',
    options: CONFIG,
    run: async () => (await import('./cli/secret.ts')).secret(),
  },
  schema: {
    usage: 'schema',
    summary: 'print the JSON Schema of the config',
    options: CONFIG,
    run: async () => {
      process.stdout.write((await import('./config/schema.ts')).renderSchema())
      return 0
    },
  },
}

const EVERYWHERE: Options = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
}

async function main(argv: string[]): Promise<number> {
  const [name, ...rest] = argv
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (name === undefined || name === 'help' || !command) return withoutCommand(argv)
  let parsed: { values: Values; positionals: string[] }
  try {
    parsed = parseArgs({
      args: rest,
      options: { ...command.options, ...EVERYWHERE },
      allowPositionals: true,
      strict: true,
    }) as typeof parsed
  } catch (error) {
    return misused(`${(error as Error).message.split('. ')[0]}`, command)
  }
  if (parsed.values.help) return print(`pb-bridge ${command.usage}\n  ${command.summary}`)
  if (parsed.values.version) return printVersion()
  const isOpen = command.arguments?.at(-1)?.endsWith('…]') === true
  const surplus = isOpen ? undefined : parsed.positionals[command.arguments?.length ?? 0]
  if (surplus !== undefined) return misused(`unexpected argument "${surplus}"`, command)
  return command.run(parsed.values, parsed.positionals)
}

async function withoutCommand(argv: string[]): Promise<number> {
  const [first] = argv
  if (first === '--version' || first === '-v') return printVersion()
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    const lines = Object.values(COMMANDS).map(({ usage, summary }) => `  ${usage}\n      ${summary}`)
    print(['pb-bridge COMMAND', '', ...lines, '', 'Each takes --help and --version too.'].join('\n'))
    return first === undefined ? 2 : 0
  }
  if (first.startsWith('-')) {
    process.stderr.write(`pb-bridge: write the command first, then ${first}; see --help\n`)
    return 2
  }
  process.stderr.write(
    `pb-bridge: unknown command "${first}"; write one of ${Object.keys(COMMANDS).join(', ')}, or --help\n`,
  )
  return 2
}

/** Reads the manifest itself: manifest.ts would load zod, which takes longer than Node's own start. */
function printVersion(): number {
  const { id, version } = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'))
  return print(`${id} ${version}`)
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

function misused(message: string, command: Command): number {
  process.stderr.write(`pb-bridge: ${message}; usage: pb-bridge ${command.usage}\n`)
  return 2
}

// A reader that has seen enough (`| head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

main(process.argv.slice(2)).then(
  code => {
    process.exitCode = code
  },
  (error: unknown) => {
    const { name, message } = error instanceof Error ? error : { name: '', message: String(error) }
    process.stderr.write(`pb-bridge: ${message}\n`)
    // What had been opened before the fault must not keep the process.
    process.exit(['ConfigError', 'UsageError', 'StoreError'].includes(name) ? 2 : 1)
  },
)
