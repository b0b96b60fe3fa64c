import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { subscribes } from '../../src/delivery/endpoint.ts'
import { toPayload } from '../../src/delivery/payload.ts'
import { EVENT_NAMES, type LifecycleEvent, TEST_MESSAGE } from '../../src/event.ts'
import { endpointsOf, fullEvent, only, PLUGIN } from './fixture.ts'

const HEALTHCHECKS = 'https://hc-ping.com/0b1c2d3e-0000-4000-8000-000000000000'
const KUMA = 'https://kuma.example.com/api/push/Ab12Cd?status=up&msg=OK&ping='

function endpointAt(url: string, service?: string) {
  return only(endpointsOf({ type: 'heartbeat', url, ...(service && { heartbeat: { service } }) }))
}

function request(url: string, event: LifecycleEvent, service?: string) {
  const { provider, target } = endpointAt(url, service)
  const payload = toPayload(event, { plugin: PLUGIN, language: 'en_us' })
  return provider.request({ event, language: 'en_us', payload, deliveryId: 'd-1' }, target, { now: 0 })
}

describe('a heartbeat at healthchecks.io', () => {
  const pathOf = (event: LifecycleEvent) => new URL(request(HEALTHCHECKS, event).url).pathname.slice(37)

  it('says start, success and failure, with the same run id for one task', () => {
    assert.equal(pathOf(fullEvent('backup_start')), '/start')
    assert.equal(pathOf(fullEvent('backup_success')), '')
    assert.equal(pathOf(fullEvent('backup_failure')), '/fail')
    const runIds = (['backup_start', 'backup_success'] as const).map(name =>
      new URL(request(HEALTHCHECKS, fullEvent(name)).url).searchParams.get('rid'),
    )
    assert.match(runIds[0] ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(runIds[0], runIds[1])
  })

  it('changes nothing by a test, nor by an end that nobody saw', () => {
    assert.equal(pathOf(fullEvent('backup_success', { message: TEST_MESSAGE })), '/log')
    assert.equal(pathOf(fullEvent('backup_failure', { message: 'outcome_unknown' })), '/log')
  })

  it('has what happened as its text', () => {
    const { method, body } = request(HEALTHCHECKS, fullEvent('backup_success'))
    assert.equal(method, 'POST')
    assert.match(body ?? '', /backup #12 completed\n\n[\s\S]*Comment: hello world/)
  })
})

describe('a heartbeat at Uptime Kuma', () => {
  it('says up or down, with the title and how long it took', () => {
    const { method, url } = request(KUMA, fullEvent('backup_success', { costS: 1.5 }))
    assert.equal(method, 'GET')
    assert.deepEqual(Object.fromEntries(new URL(url).searchParams), {
      status: 'up',
      msg: 'survival: backup #12 completed',
      ping: '1500',
    })
    const down = new URL(request(KUMA, fullEvent('backup_failure')).url).searchParams
    assert.deepEqual([down.get('status'), down.get('ping')], ['down', ''])
  })

  it('is delivered when it says ok, and refused when it does not', () => {
    const { provider } = endpointAt(KUMA)
    const judge = (body: string, status = 200) =>
      provider.judge?.(
        { status, headers: {}, body },
        { request: request(KUMA, fullEvent('backup_success')), doubtful: false, now: 0 },
      )
    assert.equal(judge('{"ok":true}')?.status, 'delivered')
    assert.equal(judge('{"ok":false,"msg":"Monitor not found or not active."}', 404)?.status, 'rejected')
    assert.equal(judge('<html>a login page</html>')?.status, 'retry')
    assert.equal(judge('bad gateway', 502), undefined)
  })
})

describe('a heartbeat', () => {
  it('is told of backups alone, and Kuma of their ends alone', () => {
    const told = (url: string, service?: string) =>
      EVENT_NAMES.filter(name => subscribes(endpointAt(url, service), fullEvent(name)))
    assert.deepEqual(told(HEALTHCHECKS), ['backup_start', 'backup_success', 'backup_failure'])
    assert.deepEqual(told(KUMA), ['backup_success', 'backup_failure'])
    assert.deepEqual(told('https://example.com/ping', 'kuma'), ['backup_success', 'backup_failure'])
  })

  it('is seen by its URL, so that its type need not be written', () => {
    for (const url of [HEALTHCHECKS, KUMA])
      assert.equal(only(endpointsOf({ url })).provider.type, 'heartbeat')
  })
})
