/** Recordings and logs run through the same rules as what is live: what would have been told? Loads no protocol library. */
import { toPayload } from './delivery/payload.ts'
import { withDetails } from './details.ts'
import type { BackupFacts, LifecycleEvent } from './event.ts'
import type { Language } from './language.ts'
import { initialState, type LifecycleOptions, observe, tick } from './lifecycle.ts'
import { manifest } from './manifest.ts'
import type { Observation } from './observation.ts'

export type ReplayOptions = {
  server: string
  lifecycle: LifecycleOptions
  /** After the last line, lets the clock run on until every deadline has passed. */
  settle: boolean
  /** The backup of an id in Prime Backup's database. */
  find?(id: number): BackupFacts | undefined
}

/**
 * The observations of chat and of a log, in order of time, as a bridge that follows both would take them; the log's
 * begin with its being readable.
 */
export function mergeObservations(
  chat: readonly Observation[],
  log: readonly Observation[] | undefined,
): Observation[] {
  if (!log) return [...chat]
  const [first] = [...log, ...chat].sort((a, b) => a.at - b.at)
  const readable: Observation = { type: 'log_readable', readable: true, at: first?.at ?? 0, source: 'log' }
  return [readable, ...[...log, ...chat].sort((a, b) => a.at - b.at)]
}

/** The events of what was seen, in order. */
export function* replayEvents(
  observations: Iterable<Observation>,
  options: ReplayOptions,
): Generator<LifecycleEvent> {
  const { find } = options
  const complete = (event: LifecycleEvent) => (find ? withDetails(event, find) : event)
  let state = initialState(options.server)
  for (const observation of observations) {
    const step = observe(state, observation, options.lifecycle)
    state = step.state
    yield* step.events.map(complete)
  }
  if (options.settle) yield* tick(state, Number.MAX_SAFE_INTEGER, options.lifecycle).events.map(complete)
}

/** The webhook payloads of the same, one compact JSON a line. */
export function* replayPayloads(
  observations: Iterable<Observation>,
  options: ReplayOptions & { language: Language },
): Generator<string> {
  const plugin = { id: manifest.id, version: manifest.version }
  for (const event of replayEvents(observations, options))
    yield JSON.stringify(toPayload(event, { plugin, language: options.language }))
}
