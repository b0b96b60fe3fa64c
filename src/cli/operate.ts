/** Changes of deliveries: by the bridge that runs, else by this process, which owns the folder for the moment. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../clock.ts'
import { type Config, loadConfig, loadStateDir } from '../config.ts'
import { askControl } from '../control.ts'
import { resolveEndpoints } from '../delivery/endpoint.ts'
import { recipientsOf } from '../delivery/recipient.ts'
import type { Log } from '../log.ts'
import { InUseError, STORE_FILE } from '../outbox/database.ts'
import { openStore } from '../outbox/open.ts'
import { type Applied, appliedSchema, applyOperation, type Operation } from '../outbox/operation.ts'
import { createOutbox } from '../outbox/outbox.ts'
import { harmless } from './table.ts'
import { UsageError } from './usage.ts'

type Values = { [name: string]: string | boolean | undefined }

const clock = systemClock

/** A bridge that has just taken the folder listens soon; one that ends lets go of it soon. */
const PATIENCE_MS = 3_000
const PAUSE_MS = 100

/** `resend` and `drop`. */
export function change(type: 'resend' | 'drop', values: Values, id: string | undefined): Promise<number> {
  const { dead, endpoint } = values
  if ((id === undefined) === (dead !== true))
    throw new UsageError(
      `${type} needs a delivery or an event, or --dead; ids are shown by: pb-bridge deliveries`,
    )
  if (id !== undefined && endpoint !== undefined)
    throw new UsageError(`--endpoint goes with --dead only; for one delivery, write its id`)
  if (id !== undefined) return operate(String(values.config), { type, id })
  return operate(String(values.config), {
    type,
    dead: true,
    ...(typeof endpoint === 'string' && { endpoint }),
  })
}

export function resume(values: Values, endpoint: string | undefined): Promise<number> {
  if (endpoint === undefined)
    throw new UsageError('resume needs the name of an endpoint; what waits is shown by: pb-bridge deliveries')
  return operate(String(values.config), { type: 'resume', endpoint })
}

/** 0 when something was done and nothing failed. */
async function operate(file: string, operation: Operation): Promise<number> {
  const dir = loadStateDir(file, process.env)
  if (!existsSync(join(dir, STORE_FILE)))
    throw new Error(`there is no store in ${dir} yet: start the bridge once`)
  const applied = await reach(dir, operation, file)
  return report(operation, applied)
}

async function reach(dir: string, operation: Operation, file: string): Promise<Applied> {
  const deadline = clock.monotonic() + PATIENCE_MS
  for (;;) {
    const asked = await askControl(dir, operation, { clock })
    if (asked.status === 'answered') return readApplied(asked.answer)
    if (asked.status === 'failed') throw new Error(`the bridge of ${dir} can't be asked: ${asked.reason}`)
    try {
      return await applyHere(dir, operation, loadConfig(file, process.env))
    } catch (error) {
      if (!(error instanceof InUseError)) throw error
      if (clock.monotonic() > deadline)
        throw new Error(
          `${dir} is in use (${error.owner}) by one that does not listen for commands: see its log`,
        )
      await clock.sleep(PAUSE_MS)
    }
  }
}

function readApplied(answer: unknown): Applied {
  const parsed = appliedSchema.safeParse(answer)
  if (parsed.success) return parsed.data
  throw new Error(
    'the bridge that runs answers as another version does: restart it, or use its own pb-bridge',
  )
}

/** No bridge runs: this process owns the folder until it is done. */
async function applyHere(dir: string, operation: Operation, config: Config): Promise<Applied> {
  const opened = openStore(dir, { clock, log: terminalLog, onNews: () => {} })
  try {
    const { store } = opened
    const { startExpiry: startExpiryMs } = config.notification
    const { endpoints } = resolveEndpoints(config.notification)
    const outbox = createOutbox(
      { recipients: recipientsOf(endpoints), startExpiryMs },
      { store, clock, log: terminalLog, random: Math.random, onNews: () => {}, onWork: () => {} },
    )
    outbox.load()
    const applied = await applyOperation(operation, { outbox, store, clock, startExpiryMs })
    if (!store.flush()) throw new Error(`the store in ${dir} can't be written: nothing was changed`)
    if (applied.changed > 0 && operation.type !== 'drop')
      applied.notes.push('no bridge runs now; it is sent when one does')
    return applied
  } finally {
    opened.close()
  }
}

const DONE = { resend: 'to be sent again', drop: 'dropped', resume: 'resumed' }

function report({ type }: Operation, { changed, ids, failed, reasons, notes }: Applied): number {
  if (changed > 0) {
    const lines = [`${DONE[type]}: ${changed}`, ...ids.map(id => `  ${harmless(id)}`)]
    if (changed > ids.length) lines.push(`  and ${changed - ids.length} more`)
    process.stdout.write(`${lines.join('\n')}\n`)
  }
  for (const note of notes) process.stdout.write(`${harmless(note)}\n`)
  for (const reason of reasons) process.stderr.write(`pb-bridge: ${harmless(reason)}\n`)
  if (failed > reasons.length) process.stderr.write(`pb-bridge: and ${failed - reasons.length} more\n`)
  return changed > 0 && failed === 0 ? 0 : 1
}

const terminalLog: Log = {
  debug() {},
  info() {},
  warn: (_fields, message) => void process.stderr.write(`warning: ${harmless(message)}\n`),
  error: (_fields, message) => void process.stderr.write(`warning: ${harmless(message)}\n`),
}
