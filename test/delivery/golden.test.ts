import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import { type Payload, toPayload } from '../../src/delivery/payload.ts'
import type { Notification } from '../../src/delivery/provider.ts'
import type { LifecycleEvent } from '../../src/event.ts'
import type { Language } from '../../src/language.ts'
import { endpointsOf, only, PLUGIN } from './fixture.ts'

/**
 * What each provider sends of an event, beside what the fork sent of the same facts. `UPDATE_GOLDEN=1` writes the
 * files anew; read the difference before you keep it.
 */
const CASES: { name: string; recording: string; index: number; languages: Language[] }[] = [
  { name: 'backup_start', recording: 'en_us/make_ok', index: 0, languages: ['en_us', 'zh_cn'] },
  { name: 'backup_success', recording: 'en_us/make_ok', index: 1, languages: ['en_us', 'zh_cn'] },
  { name: 'backup_failure', recording: 'en_us/make_fail', index: 1, languages: ['en_us', 'zh_cn'] },
  { name: 'restore_start', recording: 'en_us/restore_ok', index: 0, languages: ['en_us', 'zh_cn'] },
  { name: 'restore_success', recording: 'en_us/restore_ok', index: 1, languages: ['en_us', 'zh_cn'] },
  { name: 'restore_failure', recording: 'en_us/restore_fail', index: 1, languages: ['en_us', 'zh_cn'] },
  { name: 'save_timeout', recording: 'en_us/make_save_timeout', index: 1, languages: ['en_us', 'zh_cn'] },
  { name: 'scheduled', recording: 'zh_cn/scheduled_ok', index: 1, languages: ['en_us', 'zh_cn'] },
  { name: 'fail_soft', recording: 'zh_cn/restore_fail_soft', index: 1, languages: ['zh_cn'] },
]

type Recorded = { path: string; body: string }

/** The webhook payload of the fork: ours without its new keys. */
type Sent = Omit<Payload, 'id' | 'task_id'>

function recorded(recording: string, path: string): unknown[] {
  const file = new URL(`../fixture/corpus/fork/${recording}/requests.jsonl`, import.meta.url)
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Recorded)
    .filter(request => request.path.startsWith(path))
    .map(request => JSON.parse(request.body))
}

/** The event whose facts a request of the fork carries. */
function eventOf(sent: Sent, name: string): LifecycleEvent {
  return {
    id: `survival-1-${name}`,
    taskId: 'survival-1',
    name: sent.event,
    at: Math.round(sent.timestamp.unix * 1000),
    server: 'survival',
    running: sent.server.running,
    backup: sent.backup && {
      id: sent.backup.id,
      date: sent.backup.date,
      comment: sent.backup.comment,
      creator: sent.backup.creator,
      targets: sent.backup.targets,
      tags: sent.backup.tags,
      fileCount: sent.backup.file_count,
      rawBytes: sent.backup.raw_size,
      storedBytes: sent.backup.stored_size,
    },
    operator: sent.operator && { type: sent.operator.type, name: sent.operator.name },
    source: sent.source,
    costS: sent.cost_s,
    message: sent.message,
    error: sent.error,
    extra: sent.extra,
  }
}

const ENDPOINTS = endpointsOf(
  { name: 'webhook', url: 'http://127.0.0.1/hook' },
  { name: 'bark', type: 'bark', url: 'http://127.0.0.1/AbCdEfGhKeyInUrl' },
  {
    name: 'bark_all',
    type: 'bark',
    url: 'http://127.0.0.1/push',
    bark: {
      device_key: 'DevKey123',
      subtitle: 'sub 副标题',
      markdown: true,
      level: 'timeSensitive',
      volume: 7,
      badge: 3,
      call: '1',
      autoCopy: '1',
      copy: 'copy me',
      sound: 'minuet',
      icon: 'https://example.com/i.png',
      image: 'https://example.com/p.png',
      group: 'mc',
      url: 'https://example.com/open',
      action: 'none',
      id: 'pb-1',
      isArchive: '1',
    },
  },
  { name: 'serverchan', type: 'serverchan', serverchan: { sendkey: 'SCT1' } },
)

function send(notification: Notification, name: string): Record<string, unknown> {
  const { provider, target } = only(ENDPOINTS.filter(endpoint => endpoint.name === name))
  return JSON.parse(provider.request(notification, target, { now: 0 }).body ?? '')
}

/** Every key of `theirs` is in `ours`, in the same order and with a value of the same type. */
function assertCovers(ours: unknown, theirs: unknown, path: string): void {
  assert.equal(kindOf(ours), kindOf(theirs), path)
  if (kindOf(theirs) !== 'object') return
  const [own, other] = [ours as Record<string, unknown>, theirs as Record<string, unknown>]
  const keys = Object.keys(other)
  assert.deepEqual(
    Object.keys(own).filter(key => keys.includes(key)),
    keys,
    path,
  )
  for (const key of keys) assertCovers(own[key], other[key], `${path}.${key}`)
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}

describe('what is sent of an event', () => {
  before(() => {
    process.env.TZ = 'Asia/Shanghai'
  })

  for (const { name, recording, index, languages } of CASES) {
    const fork = {
      webhook: recorded(recording, '/hook')[index] as Sent,
      bark: recorded(recording, '/AbCdEfGhKeyInUrl')[index] as object,
      bark_all: recorded(recording, '/push')[index] as { [name: string]: unknown },
    }
    for (const language of languages) {
      const event = eventOf(fork.webhook, name)
      const payload = () => toPayload(event, { plugin: PLUGIN, language })
      const sent = () => {
        const notification = { event, language, payload: payload(), deliveryId: `${event.id}@phone` }
        return {
          webhook: send(notification, 'webhook'),
          bark: send(notification, 'bark'),
          bark_all: send(notification, 'bark_all'),
          serverchan: send(notification, 'serverchan'),
        }
      }

      it(`is as it was for ${name} in ${language}`, () => {
        const file = new URL(`../fixture/golden/${name}.${language}.json`, import.meta.url)
        const text = `${JSON.stringify({ fork, ours: sent() }, undefined, 2)}\n`
        if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text)
        assert.equal(text, readFileSync(file, 'utf8'))
      })

      it(`has every key of the fork's for ${name} in ${language}`, () => {
        const ours = sent()
        assertCovers(ours.webhook, fork.webhook, 'webhook')
        assertCovers(ours.bark, fork.bark, 'bark')
        assertCovers(ours.bark_all, fork.bark_all, 'bark')
      })

      it(`has the fork's facts for ${name} in ${language}`, () => {
        const ours = sent().webhook
        const keys = ['event', 'task', 'status', 'backup', 'operator', 'source', 'cost_s', 'message'] as const
        for (const key of [...keys, 'error', 'extra'] as const) {
          assert.deepEqual(ours[key], fork.webhook[key], key)
        }
      })

      it(`keeps Bark's options of the fork for ${name} in ${language}`, () => {
        const { markdown: _ours, title: _title, ...ours } = sent().bark_all
        const { markdown: _theirs, title: _old, ...theirs } = fork.bark_all
        assert.deepEqual(ours, theirs)
      })
    }
  }
})
