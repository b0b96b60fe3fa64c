import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { loadConfig } from '../../src/config.ts'
import { SOCKET_FILE, startControl } from '../../src/control.ts'
import { resolveEndpoints } from '../../src/delivery/endpoint.ts'
import { recipientsOf } from '../../src/delivery/recipient.ts'
import type { EventName, LifecycleEvent } from '../../src/event.ts'
import { silentLog } from '../../src/log.ts'
import { ownFolder, STORE_FILE } from '../../src/outbox/database.ts'
import { openStore } from '../../src/outbox/open.ts'
import { createOutbox } from '../../src/outbox/outbox.ts'
import { openReader, readDeliveries } from '../../src/outbox/read.ts'
import type { Outcome } from '../../src/outcome.ts'
import { type Running, startCli } from '../fake/process.ts'
import { answer, type Reply, startReceiver } from '../fake/receiver.ts'
import { until } from '../fake/until.ts'

const clock = systemClock
const cache = mkdtempSync(join(tmpdir(), 'pb-operate-cache-'))
after(() => rmSync(cache, { recursive: true }))

function start(t: TestContext, args: string[], env = {}): Running {
  const running = startCli(args, { env: { NODE_COMPILE_CACHE: cache, TZ: 'Asia/Shanghai', ...env } })
  t.after(() => running.child.kill('SIGKILL'))
  return running
}

/** A folder with a config of two endpoints, `hook` and `手机`, and what a bridge left in it. */
async function place(t: TestContext, reply: Reply = answer(200)) {
  const receiver = await startReceiver(reply)
  t.after(() => receiver.stop())
  const dir = mkdtempSync(join(tmpdir(), 'pb-operate-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const config = join(dir, 'config.json')
  function configure(endpoints = ['hook', '手机']) {
    writeFileSync(
      config,
      JSON.stringify({
        servers: [{ name: 'survival', minecraft: { port: 1 } }],
        notification: {
          enabled: true,
          endpoints: endpoints.map(name => ({ name, url: `${receiver.url}/${encodeURIComponent(name)}` })),
        },
        state: { dir: './state' },
      }),
    )
  }
  configure()
  const state = join(dir, 'state')

  /** Stores events, then lets `act` do with the outbox what a bridge would have. */
  async function leave(
    events: LifecycleEvent[],
    outcomes: { [endpoint: string]: Outcome | undefined } = {},
  ): Promise<void> {
    const { notification } = loadConfig(config, {})
    const { store, close } = openStore(state, { clock, log: silentLog, onNews: () => {} })
    const outbox = createOutbox(
      {
        recipients: recipientsOf(resolveEndpoints(notification).endpoints),
        startExpiryMs: notification.startExpiry,
      },
      { store, clock, log: silentLog, random: () => 0.5, onNews: () => {}, onWork: () => {} },
    )
    outbox.load()
    await outbox.accept(events)
    for (const [endpoint, outcome] of Object.entries(outcomes))
      for (;;) {
        const entry = outbox.next(endpoint)
        if (!entry || !outcome) break
        await outbox.begin(entry)
        await outbox.finish(entry, outcome, clock.now(), 12)
      }
    close()
  }

  async function call(...args: string[]) {
    const running = start(t, [...args, '--config', config])
    const code = await running.ended
    return { code, stdout: running.stdout(), stderr: running.stderr() }
  }

  /** As another process sees them, beside whoever runs. */
  function states(): { [id: string]: string } {
    const database = openReader(state)
    try {
      return Object.fromEntries(readDeliveries(database, { sinceAt: 0 }).map(({ id, shown }) => [id, shown]))
    } finally {
      database.close()
    }
  }

  /** The bridge itself; its server is away. */
  async function bridge(): Promise<Running> {
    const running = start(t, ['run', '--config', config])
    await until('the bridge listens', () => existsSync(join(state, SOCKET_FILE)), 30_000)
    return running
  }

  return { receiver, state, config, configure, leave, call, states, bridge }
}

let events = 0

function event(name: EventName = 'backup_success', over: Partial<LifecycleEvent> = {}): LifecycleEvent {
  const task = `backup-${(++events).toString(16).padStart(16, '0')}`
  return {
    id: `${task}-${name.split('_')[1]}`,
    taskId: task,
    name,
    at: clock.now(),
    server: 'survival',
    running: true,
    backup: { id: 12 },
    ...over,
  }
}

const GONE: Outcome = {
  status: 'rejected',
  reason: { code: 'http_gone', text: 'HTTP 410: Gone', answer: 'moved \u001b[31maway' },
}
const REFUSED: Outcome = {
  status: 'rejected',
  reason: { code: 'http_auth', text: 'HTTP 401: Unauthorized', answer: 'who?' },
}
const DELIVERED: Outcome = { status: 'delivered' }
const LATER: Outcome = {
  status: 'retry',
  reason: { code: 'refused', text: 'connection refused' },
  afterMs: 3_600_000,
}

async function ended({ child, ended: end, stderr }: Running): Promise<void> {
  child.kill('SIGTERM')
  assert.equal(await end, 0, stderr())
}

describe('what happened', { concurrency: 4 }, () => {
  it('is listed as a table, in local time, and as JSON, beside a stopped bridge', async t => {
    const { leave, call } = await place(t)
    const at = Date.UTC(2026, 0, 2, 3, 4, 5)
    const old = event('backup_failure', { at, server: '生存服', message: 'outcome_unknown' })
    const last = event()
    await leave([old, last], { hook: DELIVERED, 手机: REFUSED })
    const all = await call('events', '--since', '100y')
    assert.equal(all.code, 0, all.stderr)
    const [head, first, second, ...rest] = all.stdout.trimEnd().split('\n')
    assert.match(head ?? '', /^TIME +AGE +SERVER +EVENT +BACKUP +DELIVERIES +ID +MESSAGE$/)
    assert.match(
      first ?? '',
      new RegExp(
        `^2026-01-02 11:04:05  .+ ago +生存服 +backup_failure +#12 +1 delivered, 1 dead +${old.id} +outcome_unknown$`,
      ),
    )
    assert.match(second ?? '', new RegExp(`backup_success .*${last.id}$`))
    assert.deepEqual(rest, [])
    const week = await call('events', '--json')
    assert.equal(week.code, 0)
    const listed = JSON.parse(week.stdout)
    assert.deepEqual(listed, {
      id: last.id,
      at: new Date(last.at).toISOString(),
      event: JSON.parse(JSON.stringify(last)),
      deliveries: [
        { id: `${last.id}@hook`, endpoint: 'hook', state: 'delivered' },
        { id: `${last.id}@手机`, endpoint: '手机', state: 'dead' },
      ],
    })
  })

  it('is empty, or not there yet, in a clear line', async t => {
    const { leave, call, state } = await place(t)
    for (const command of [['events'], ['deliveries'], ['resend', '--dead'], ['resume', 'hook']]) {
      const { code, stdout, stderr } = await call(...command)
      assert.equal(code, 1)
      assert.equal(stdout, '')
      assert.equal(stderr, `pb-bridge: there is no store in ${state} yet: start the bridge once\n`)
    }
    assert.ok(!existsSync(join(state, STORE_FILE)))
    await leave([])
    assert.deepEqual(await call('events'), { code: 0, stdout: 'no event in the last 7d\n', stderr: '' })
    assert.deepEqual(await call('events', '--json'), { code: 0, stdout: '', stderr: '' })
    assert.deepEqual(await call('deliveries', '--state', 'dead'), {
      code: 0,
      stdout: 'no such delivery\n',
      stderr: '',
    })
  })

  it('is asked for in words that are understood, or not at all', async t => {
    const { call } = await place(t)
    for (const [args, words] of [
      [['events', '--since', 'monday'], /--since monday is no duration; write one such as 12h or 7d$/],
      [['deliveries', '--state', 'lost'], /--state lost is unknown; write one of dead, waiting, paused,/],
      [['resend'], /resend needs a delivery or an event, or --dead/],
      [['resend', 'x', '--dead'], /resend needs a delivery or an event, or --dead/],
      [['drop', 'x', '--endpoint', 'hook'], /--endpoint goes with --dead only/],
      [['resume'], /resume needs the name of an endpoint/],
    ] as const) {
      const { code, stdout, stderr } = await call(...args)
      assert.equal(code, 2, stderr)
      assert.equal(stdout, '')
      assert.match(stderr.trimEnd(), words)
    }
  })

  it('is read from a store that is corrupt, or of another version, not at all, with a clear line', async t => {
    const { leave, call, state } = await place(t)
    await leave([event()])
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(join(state, STORE_FILE))
    database.exec('PRAGMA user_version = 99')
    database.close()
    assert.match((await call('events')).stderr, /was written by a newer bridge/)
    for (const suffix of ['-wal', '-shm']) rmSync(join(state, STORE_FILE + suffix), { force: true })
    writeFileSync(join(state, STORE_FILE), 'no database at all, but long enough to be looked at'.repeat(99))
    const { code, stderr } = await call('deliveries')
    assert.equal(code, 1)
    assert.match(stderr, /^pb-bridge: the store in .* is corrupt: start the bridge, which moves it aside\n$/)
  })
})

describe('deliveries', { concurrency: 4 }, () => {
  it('are listed by state and endpoint, with tries, next try and reason, without control characters', async t => {
    const { leave, call } = await place(t)
    const one = event()
    await leave([one], { hook: LATER, 手机: GONE })
    const two = event()
    await leave([two])
    const table = await call('deliveries')
    assert.equal(table.code, 0, table.stderr)
    const lines = table.stdout.trimEnd().split('\n')
    assert.equal(lines.length, 5)
    assert.match(lines[0] ?? '', /^TIME +AGE +STATE +ENDPOINT +SERVER +EVENT +TRIES +NEXT +ID +REASON$/)
    assert.match(
      lines.find(line => line.includes(`${one.id}@hook`)) ?? '',
      / waiting +hook +survival +backup_success +1 +in (1 h|59 min.*) +\S+ +connection refused$/,
    )
    assert.match(
      lines.find(line => line.includes(`${one.id}@手机`)) ?? '',
      / dead +手机 +survival +backup_success +1 +- +\S+ +rejected: HTTP 410: Gone$/,
    )
    const ids = async (...args: string[]) => {
      const { stdout } = await call('deliveries', '--json', ...args)
      const rows = stdout.split('\n').filter(line => line !== '')
      return rows.map(line => JSON.parse(line).id)
    }
    assert.deepEqual(await ids('--state', 'paused'), [`${two.id}@手机`])
    assert.deepEqual(await ids('--state', 'waiting'), [`${one.id}@hook`, `${two.id}@hook`])
    assert.deepEqual(await ids('--endpoint', '手机'), [`${one.id}@手机`, `${two.id}@手机`])
    assert.deepEqual(await ids('--state', 'dead', '--since', '0s'), [])
    const { stdout } = await call('deliveries', '--json', '--state', 'dead')
    const { started_at: startedAt, ...attempt } = JSON.parse(stdout).tries[0]
    assert.ok(Math.abs(Date.parse(startedAt) - clock.now()) < 60_000)
    assert.deepEqual(attempt, { outcome: 'rejected', code: 'http_gone', text: 'HTTP 410: Gone', took_ms: 12 })
    assert.partialDeepStrictEqual(JSON.parse(stdout), {
      webhook_id: `${one.id}@%E6%89%8B%E6%9C%BA`,
      why: 'rejected',
      reason: { code: 'http_gone', text: 'HTTP 410: Gone', answer: 'moved \u001b[31maway' },
      attempts: 1,
      due_at: null,
    })
  })

  it('are sent again, dropped and resumed while no bridge runs; the next one sends them', async t => {
    const { receiver, leave, call, states, bridge } = await place(t)
    const [one, two, three] = [event(), event(), event()]
    await leave([one, two, three], { hook: REFUSED, 手机: GONE })
    const again = await call('resend', `${one.id}@hook`)
    assert.equal(again.code, 0, again.stderr)
    assert.equal(
      again.stdout,
      `to be sent again: 1\n  ${one.id}@hook\nno bridge runs now; it is sent when one does\n`,
    )
    // By the header that a receiver saw.
    assert.equal((await call('drop', `${one.id}@%E6%89%8B%E6%9C%BA`)).code, 0)
    assert.deepEqual(await call('drop', '--dead', '--endpoint', 'hook'), {
      code: 0,
      stdout: `dropped: 2\n  ${two.id}@hook\n  ${three.id}@hook\n`,
      stderr: '',
    })
    const paused = await call('resend', two.id)
    assert.equal(paused.code, 0, paused.stderr)
    assert.match(
      paused.stdout,
      /\nendpoint 手机 is paused, so they wait; to end that: pb-bridge resume 手机\n/,
    )
    assert.deepEqual(states(), {
      [`${one.id}@hook`]: 'waiting',
      [`${one.id}@手机`]: 'dropped',
      [`${two.id}@hook`]: 'waiting',
      [`${two.id}@手机`]: 'paused',
      [`${three.id}@hook`]: 'dropped',
      [`${three.id}@手机`]: 'paused',
    })
    const resumed = await call('resume', '手机')
    assert.equal(resumed.code, 0, resumed.stderr)
    assert.match(resumed.stdout, /^resumed: 1\n {2}手机\n/)
    const running = await bridge()
    await receiver.request(4)
    await ended(running)
    assert.deepEqual(receiver.requests.map(({ headers }) => headers['webhook-id']).sort(), [
      `${one.id}@hook`,
      `${two.id}@%E6%89%8B%E6%9C%BA`,
      `${two.id}@hook`,
      `${three.id}@%E6%89%8B%E6%9C%BA`,
    ])
    assert.equal(states()[`${two.id}@手机`], 'delivered')
  })

  it('are listed, sent again and dropped at once beside a running bridge', async t => {
    const { receiver, leave, call, states, bridge } = await place(t)
    const [one, two] = [event(), event()]
    await leave([one, two], { hook: LATER, 手机: REFUSED })
    const running = await bridge()
    assert.equal(states()[`${one.id}@手机`], 'dead')
    const again = await call('resend', '--dead')
    assert.equal(again.code, 0, again.stderr)
    assert.equal(again.stdout, `to be sent again: 2\n  ${one.id}@手机\n  ${two.id}@手机\n`)
    await receiver.request(2)
    await until('both are told to be delivered', () => receiver.requests.length === 2)
    const dropped = await call('drop', `${one.id}@hook`)
    assert.equal(dropped.code, 0, dropped.stderr)
    // The same once more changes nothing.
    const twice = await call('drop', `${one.id}@hook`)
    assert.deepEqual(twice, {
      code: 1,
      stdout: '',
      stderr: `pb-bridge: ${one.id}@hook: it is dropped already\n`,
    })
    const resumed = await call('resume', 'hook')
    assert.equal(resumed.code, 0, resumed.stderr)
    assert.equal(resumed.stdout, 'resumed: 1\n  hook\nendpoint hook was not paused\n')
    // What waited for an hour is due now.
    await receiver.request(3)
    await ended(running)
    assert.deepEqual(states(), {
      [`${one.id}@hook`]: 'dropped',
      [`${two.id}@hook`]: 'delivered',
      [`${one.id}@手机`]: 'delivered',
      [`${two.id}@手机`]: 'delivered',
    })
  })

  it('are named by a beginning that only one has, else nothing is done', async t => {
    const { leave, call, states } = await place(t)
    const [one, two] = [event(), event()]
    await leave([one, two], { hook: REFUSED, 手机: REFUSED })
    const several = await call('resend', 'backup-')
    assert.equal(several.code, 1)
    assert.equal(
      several.stderr,
      `pb-bridge: "backup-" is the beginning of several: ${one.id}, ${two.id}; write more of it\n`,
    )
    const none = await call('drop', 'nothing')
    assert.equal(none.code, 1)
    assert.match(none.stderr, /^pb-bridge: nothing begins with "nothing"; see: pb-bridge deliveries\n$/)
    const endpoint = await call('resume', 'telephone')
    assert.equal(endpoint.code, 1)
    assert.match(endpoint.stderr, /no enabled endpoint is named "telephone"; the config has hook, 手机\n$/)
    assert.equal((await call('drop', '--dead', '--endpoint', 'telephone')).code, 1)
    assert.equal((await call('drop', `${one.id}@h`)).code, 0)
    assert.equal((await call('resend', one.id.slice(0, -3))).code, 0)
    assert.deepEqual(Object.values(states()).sort(), ['dead', 'dead', 'waiting', 'waiting'])
  })

  it('of an endpoint that left the config are dead letters that can only be dropped', async t => {
    const { leave, call, states, configure } = await place(t)
    const one = event()
    await leave([one])
    configure(['hook'])
    const again = await call('resend', `${one.id}@手机`)
    assert.equal(again.code, 1)
    assert.match(again.stderr, /warning: endpoint 手机 is no longer in the config/)
    assert.match(again.stderr, /@手机: endpoint 手机 is not in the config, or not enabled\n$/)
    assert.equal(states()[`${one.id}@手机`], 'dead')
    assert.equal((await call('drop', `${one.id}@手机`)).code, 0)
  })

  it('of a start that is long over are not sent again', async t => {
    const { leave, call } = await place(t)
    const one = event('backup_start', { at: clock.now() - 3_600_000 })
    await leave([one], { hook: LATER, 手机: LATER })
    const { code, stderr } = await call('resend', one.id)
    assert.equal(code, 1)
    assert.match(stderr, /@hook: a start this old is worth nothing; it would expire unsent\n/)
  })

  it('are left alone where the folder has an owner that does not listen', async t => {
    const { leave, call, state, states } = await place(t)
    const one = event()
    await leave([one], { hook: REFUSED })
    const owner = ownFolder(state, clock.now())
    t.after(() => owner.release())
    const { code, stderr } = await call('resend', '--dead')
    assert.equal(code, 1)
    assert.match(
      stderr,
      new RegExp(
        `^pb-bridge: .*state is in use \\(process ${process.pid}, since .*\\) by one that does not listen for commands: see its log\n$`,
      ),
    )
    assert.equal(states()[`${one.id}@hook`], 'dead')
  })

  it('are left alone where a bridge of another version answers', async t => {
    const { leave, call, state } = await place(t)
    await leave([event()], { hook: REFUSED })
    const control = startControl(state, { clock, log: silentLog, answer: async () => ({ ok: true }) })
    t.after(() => control.stop())
    const { code, stderr } = await call('resend', '--dead')
    assert.equal(code, 1)
    assert.match(stderr, /the bridge that runs answers as another version does/)
  })

  it('can be listed where the secrets of the config are not set', async t => {
    const { leave, config, bridge } = await place(t)
    await leave([event()], { hook: REFUSED, 手机: REFUSED })
    const running = await bridge()
    const open = JSON.stringify({
      state: { dir: './state' },
      notification: { endpoints: [{ url: `\${HOOK}` }] },
    })
    writeFileSync(config, open)
    for (const args of [['deliveries'], ['resend', '--dead']]) {
      const other = start(t, [...args, '--config', config])
      assert.equal(await other.ended, 0, other.stderr())
    }
    await ended(running)
  })
})
