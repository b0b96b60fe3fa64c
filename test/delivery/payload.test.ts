import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toPayload } from '../../src/delivery/payload.ts'
import type { LifecycleEvent } from '../../src/event.ts'
import { fullEvent, PLUGIN } from './fixture.ts'

const BARE: LifecycleEvent = {
  id: 'survival-7-end',
  taskId: 'survival-7',
  name: 'backup_failure',
  at: Date.UTC(2026, 10, 25, 1, 2, 3),
  server: 'survival',
  running: null,
}

function payloadOf(event: LifecycleEvent) {
  return toPayload(event, { plugin: PLUGIN, language: 'en_us' })
}

describe('the webhook payload', () => {
  it('leaves out what is not known, save whether the server runs', () => {
    const { title: _title, body: _body, desp: _desp, ...rest } = payloadOf(BARE)
    assert.deepEqual(rest, {
      event: 'backup_failure',
      task: 'backup',
      status: 'failure',
      timestamp: { unix: 1795568523, iso: '2026-11-25T01:02:03Z' },
      plugin: { id: 'prime_backup_bridge', version: '1.2.3' },
      server: { running: null, name: 'survival' },
      id: 'survival-7-end',
      task_id: 'survival-7',
    })
  })

  it('has the keys in the order of the fork, then the new ones', () => {
    const event = fullEvent('backup_success', {
      costS: 1,
      message: 'manual_test',
      error: { type: 'OSError', message: 'x' },
      extra: { new_blobs: {} },
    })
    const keys =
      'event task status timestamp plugin server backup operator source cost_s message error extra title body desp id task_id'
    assert.deepEqual(Object.keys(payloadOf(event)), keys.split(' '))
    assert.deepEqual(
      Object.keys(payloadOf(event).backup ?? {}),
      'id date comment creator targets tags file_count raw_size stored_size'.split(' '),
    )
  })

  it('shows a fraction of a second only where there is one', () => {
    assert.equal(payloadOf({ ...BARE, at: BARE.at + 40 }).timestamp.iso, '2026-11-25T01:02:03.040Z')
  })

  it('rounds the cost to three places', () => {
    assert.equal(payloadOf({ ...BARE, costS: 0.26549 }).cost_s, 0.265)
    assert.equal(payloadOf({ ...BARE, costS: 3 }).cost_s, 3)
  })

  it('carries what is known of a backup and nothing else', () => {
    assert.deepEqual(payloadOf({ ...BARE, backup: { id: 3, rawBytes: 0 } }).backup, { id: 3, raw_size: 0 })
    assert.equal('backup' in payloadOf({ ...BARE, backup: {} }), false)
    assert.equal('extra' in payloadOf({ ...BARE, extra: {} }), false)
  })

  it('names an operator also in full', () => {
    const { operator } = payloadOf({ ...BARE, operator: { type: 'console', name: '' } })
    assert.deepEqual(operator, { type: 'console', name: '', full: 'console:' })
  })
})
