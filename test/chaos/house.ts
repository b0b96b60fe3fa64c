/** One folder, one input, one receiver, and one bridge after the other, each of which dies. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Go, Said } from './child.ts'
import { deliveryIds, seenAs } from './endpoints.ts'
import { expect, longRecording } from './input.ts'
import { seeded } from './random.ts'
import { type Moody, startMoody } from './receiver.ts'
import { copyStore, type Found, verifyStore } from './verify.ts'

/** When kills fall: at any time, the opening of the store too; or as the receiver is asked or has answered. Else both. */
export type Moments = 'any' | 'seen'

export type Figures = {
  kills: number
  /** How much of the input was read by bridges that were killed. */
  linesWhenKilled: number
  events: number
  deliveries: number
  requests: number
  /** Messages that a receiver took more than once: at least once is what is promised. */
  repeats: number
}

export type House = {
  dir: string
  receiver: Moody
  random: () => number
  /** Lets the next bridge in. */
  enter(): Promise<void>
  /** The bridge inside. */
  child(): ChildProcess
  /** kill -9, at a random moment or at an instant that the receiver sees. */
  kill(): Promise<void>
  /** What is on the disk is as it must be. */
  verify(dir?: string): Found
  /** Whether a bridge has said that anything is on the disk. */
  stored(): boolean
  /** Resolves when the bridge inside has ended, with how it did. */
  gone(): Promise<NodeJS.Signals | number | null>
  /** Lets a bridge do the rest, and checks everything at the end. */
  finish(): Promise<Figures>
  leave(): Promise<void>
}

const CHILD = join(import.meta.dirname, 'child.ts')
/** Of the real time of one life. */
const LONGEST_LIFE_MS = 250

export async function openHouse(options: {
  seed: number
  lines: number
  longestPauseMs?: number
  moments?: Moments
}): Promise<House> {
  const { seed, longestPauseMs = 4, moments } = options
  const random = seeded(seed)
  const root = mkdtempSync(join(tmpdir(), 'pb-bridge-chaos-'))
  const dir = join(root, 'data')
  const input = join(root, 'chat.jsonl')
  mkdirSync(dir)
  const lines = longRecording(options.lines)
  writeFileSync(input, lines.join('\n'))
  const expected = expect(lines)
  const receiver = await startMoody(seeded(seed + 1))
  const origin = Date.now()
  const trouble: string[] = []
  let known = 0
  let kills = 0
  let inside: ChildProcess | undefined
  let opened = Promise.resolve()
  let spare = begin()

  /** A bridge at the door, when it is ready, and when it has opened its store. */
  function begin(): { child: ChildProcess; ready: Promise<void>; opened: Promise<void> } {
    const child = fork(CHILD, [], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'compiled') },
    })
    child.stderr?.on('data', data => trouble.push(String(data)))
    const ready = Promise.withResolvers<void>()
    const opened = Promise.withResolvers<void>()
    child.on('message', (said: Said) => {
      if (said.type === 'stored') known = Math.max(known, said.position)
      else if (said.type === 'ready') ready.resolve()
      else opened.resolve()
    })
    // Whoever waits sees by the exit that it never will be.
    child.on('exit', () => {
      ready.resolve()
      opened.resolve()
    })
    return { child, ready: ready.promise, opened: opened.promise }
  }

  function childInside(): ChildProcess {
    if (!inside) throw new Error('nobody is inside')
    return inside
  }

  async function enter() {
    await spare.ready
    assert.deepEqual(trouble, [], 'a bridge complained at the door')
    inside = spare.child
    opened = spare.opened
    const go: Go = {
      dir,
      input,
      url: receiver.url,
      origin,
      seed: Math.floor(random() * 2 ** 31),
      longestPauseMs,
    }
    inside.send(go)
    spare = begin()
  }

  async function end(child: ChildProcess): Promise<NodeJS.Signals | number | null> {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    return child.signalCode ?? child.exitCode
  }

  async function gone(): Promise<NodeJS.Signals | number | null> {
    const how = await end(childInside())
    inside = undefined
    return how
  }

  /** Resolves the next time that the receiver is asked, or has answered; at last without. */
  async function instantOf(instant: 'asked' | 'answered') {
    const found = new AbortController()
    receiver.onInstant = seen => {
      if (seen === instant) found.abort()
    }
    await sleep(LONGEST_LIFE_MS, undefined, { signal: found.signal }).catch(() => {})
    receiver.onInstant = () => {}
  }

  async function kill() {
    const child = childInside()
    const choice = moments === 'seen' ? 0.5 + random() / 2 : moments === 'any' ? random() / 2 : random()
    const lifeMs = random() ** 2 * LONGEST_LIFE_MS
    if (choice >= 0.2) await opened
    await sleep(lifeMs)
    if (choice >= 0.5) await instantOf(choice < 0.75 ? 'asked' : 'answered')
    child.kill('SIGKILL')
    const how = await gone()
    assert.deepEqual(trouble, [], 'a bridge complained')
    assert.equal(how, 'SIGKILL', 'a bridge ended by itself: its input was too short')
    kills++
  }

  let before: Found | undefined

  function verify(from = dir): Found {
    const copy = join(root, 'copy')
    copyStore(from, copy)
    const found = verifyStore(copy, expected, known)
    for (const id of before?.delivered ?? [])
      assert.ok(found.delivered.has(id), `${id} is no longer delivered`)
    for (const id of found.delivered) assert.ok(receiver.taken.has(seenAs(id)), `${id} was never taken`)
    if (from === dir) before = found
    return found
  }

  async function finish(): Promise<Figures> {
    const linesWhenKilled = before?.position ?? 0
    receiver.calm = true
    await enter()
    const how = await gone()
    assert.deepEqual(trouble, [], 'a bridge complained')
    assert.equal(how, 0)
    const found = verify()
    const wanted = deliveryIds(expected.events)
    assert.equal(found.position, lines.length + 1)
    assert.equal(found.delivered.size, wanted.length)
    assert.deepEqual([...receiver.taken.keys()].sort(), wanted.map(seenAs).sort())
    const repeats = [...receiver.taken.values()].filter(count => count > 1).length
    return {
      kills,
      linesWhenKilled,
      events: found.events,
      deliveries: found.deliveries,
      requests: receiver.requests,
      repeats,
    }
  }

  return {
    dir,
    receiver,
    random,
    enter,
    child: childInside,
    kill,
    verify,
    stored: () => known > 0,
    gone,
    finish,
    leave: async () => {
      for (const child of [inside, spare.child]) {
        if (!child) continue
        child.kill('SIGKILL')
        await end(child)
      }
      await receiver.stop()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** Kills so many bridges in one house, and checks it after each. */
export async function besiege(options: { seed: number; kills: number; moments?: Moments }): Promise<Figures> {
  const house = await openHouse({ ...options, lines: options.kills * 10 })
  try {
    for (let count = 0; count < options.kills; count++) {
      await house.enter()
      await house.kill()
      house.verify()
    }
    return await house.finish()
  } finally {
    await house.leave()
  }
}
