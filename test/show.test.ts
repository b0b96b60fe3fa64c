import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LifecycleEvent } from '../src/event.ts'
import { createShow } from '../src/show.ts'
import { type ChatMessage, readChatPacket } from '../src/source/chat.ts'
import { fakeClock } from './fake/clock.ts'

const CORPUS = join(import.meta.dirname, 'fixture/corpus')

function eventOf(id: number): LifecycleEvent {
  return {
    id: 'backup-1-end',
    taskId: 'backup-1',
    name: 'backup_success',
    at: 0,
    server: 'survival',
    running: true,
    backup: { id },
  }
}

/** What the bot read after it had asked for this id, up to the next question. */
function answersTo(scenario: string, id: number): ChatMessage[] {
  const lines = readFileSync(join(CORPUS, scenario, 'chat.jsonl'), 'utf8')
    .trim()
    .split('\n')
  const all = lines.map(line => JSON.parse(line) as { kind: string; plain: string; raw: unknown })
  const from = all.findIndex(({ plain }) => plain.endsWith(`!!pb show ${id}`)) + 1
  const to = all.findIndex(({ kind }, index) => index > from && kind === 'player_chat')
  return all
    .slice(from, to < 0 ? undefined : to)
    .flatMap(({ raw }) => readChatPacket('system_chat', { content: raw }) ?? [])
}

async function shown(scenario: string, id: number, askedId = id) {
  const clock = fakeClock()
  const typed: string[] = []
  const answered: LifecycleEvent[] = []
  const show = createShow({ clock, prefix: '!!pb', type: text => typed.push(text) > 0 })
  assert.equal(
    show.ask(eventOf(askedId), event => answered.push(event)),
    true,
  )
  assert.deepEqual(typed, [`!!pb show ${askedId}`])
  for (const message of answersTo(scenario, id)) show.hear(message)
  await clock.advance(3000)
  assert.equal(clock.pending(), 0)
  assert.equal(answered.length, 1)
  return answered[0]
}

test('what Prime Backup answers is told with the event, in both languages and of every Minecraft', async () => {
  for (const scenario of [
    'en_us/show',
    'zh_cn/show',
    'en_us/show_list_mc1201',
    'en_us/show_list_mc1218',
    'en_us/show_list_mc261',
  ]) {
    const event = await shown(scenario, 1)
    const { date, ...facts } = event?.backup ?? {}
    assert.match(date ?? '', /^2026-11-25 00:\d\d:\d\d$/)
    assert.deepEqual(
      facts,
      {
        id: 1,
        comment: 'hello world',
        creator: 'player:Steve',
        tags: {},
        rawBytes: Math.round(1.83 * 1024 ** 2),
        storedBytes: Math.round(377.95 * 1024),
      },
      scenario,
    )
    assert.deepEqual(event?.extra?.approximate, ['raw_size', 'stored_size'])
  }
})

test('tags come by their own names, and the creator of a safety backup by its own', async () => {
  assert.deepEqual((await shown('en_us/show_special', 1))?.backup?.tags, { protected: true })
  const { creator, tags, comment } = (await shown('en_us/show_special', 2))?.backup ?? {}
  assert.deepEqual([creator, tags], ['prime_backup:pre_restore', { temporary: true }])
  assert.equal(comment, 'Automatic backup before restoring to #1')
})

test('an answer about another backup, or none, leaves the event as it was', async () => {
  assert.deepEqual(await shown('en_us/show', 42), eventOf(42))
  assert.deepEqual(await shown('en_us/show', 1, 7), eventOf(7))
})

test('one question is asked at a time, and none while the bot is out of play', () => {
  const clock = fakeClock()
  let inPlay = false
  const show = createShow({ clock, prefix: '!!pb', type: () => inPlay })
  assert.equal(
    show.ask(eventOf(1), () => {}),
    false,
  )
  inPlay = true
  assert.equal(
    show.ask(eventOf(1), () => {}),
    true,
  )
  assert.equal(
    show.ask(eventOf(2), () => {}),
    false,
  )
  show.stop()
  assert.equal(clock.pending(), 0)
})
