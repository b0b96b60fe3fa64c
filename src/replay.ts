/** A recording run through the same rules as live chat: what would have been told? Loads no protocol library. */
import { toPayload } from './delivery/payload.ts'
import type { LifecycleEvent } from './event.ts'
import type { Language } from './language.ts'
import { initialState, type LifecycleOptions, observe, tick } from './lifecycle.ts'
import { manifest } from './manifest.ts'
import type { ChatRules } from './observe.ts'
import { readRecording } from './recording.ts'

export type ReplayOptions = {
  server: string
  rules: ChatRules
  lifecycle: LifecycleOptions
  /** After the last line, lets the clock run on until every deadline has passed. */
  settle: boolean
}

/** The events of a recording's text. Throws an Error that names a line which is none of a recording. */
export function* replayEvents(text: string, options: ReplayOptions): Generator<LifecycleEvent> {
  let state = initialState(options.server)
  for (const observation of readRecording(text, options.rules)) {
    const step = observe(state, observation, options.lifecycle)
    state = step.state
    yield* step.events
  }
  if (options.settle) yield* tick(state, Number.MAX_SAFE_INTEGER, options.lifecycle).events
}

/** The webhook payloads of a recording, one compact JSON a line. */
export function* replayPayloads(
  text: string,
  options: ReplayOptions & { language: Language },
): Generator<string> {
  const plugin = { id: manifest.id, version: manifest.version }
  for (const event of replayEvents(text, options))
    yield JSON.stringify(toPayload(event, { plugin, language: options.language }))
}
