/** One bridge for many servers, one of which may flood and some of which hang; each kind in a process of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BridgeAnswers } from '../fleet/bridge.ts'
import { type Child, startChild } from '../fleet/child.ts'
import { wallNow } from '../fleet/now.ts'
import { type FleetReceiver, startFleetReceiver } from '../fleet/receiver.ts'
import type { FloodAnswers } from './flood.ts'
import type { ListenersAnswers } from './listeners.ts'

export type House = {
  bridge: Child<BridgeAnswers>
  listeners: Child<ListenersAnswers>
  flood: Child<FloodAnswers>
  receiver: FleetReceiver
  /** When the bridge was started, as `wallNow` has it. */
  startedAt: number
  /** The place of each server in the config, which is its place at the gate. */
  places: number[]
  /** A line of Prime Backup on one server, and the milliseconds until its message came to the receiver. */
  latency(index: number): Promise<number>
  leave(): Promise<void>
}

export type HouseOptions = {
  servers: number
  hanging: number
  /** A server that can flood is the first of all. */
  floods: boolean
  /** Servers that are read at once, for what would else wait for the next moment of reading. */
  prompt?: number
}

const HERE = import.meta.dirname
/** A listener takes some ms to be made. */
const OPEN_MS = 120_000
const LINE_MS = 60_000

export async function openHouse({ servers, hanging, floods, prompt = 0 }: HouseOptions): Promise<House> {
  const dir = mkdtempSync(join(tmpdir(), 'pb-bridge-many-'))
  const receiver = await startFleetReceiver()
  const listeners = startChild<ListenersAnswers>(join(HERE, 'listeners.ts'))
  const flood = startChild<FloodAnswers>(join(HERE, 'flood.ts'))
  const bridge = startChild<BridgeAnswers>(join(HERE, '../fleet/bridge.ts'), ['--expose-gc'])
  const ends: boolean[] = []

  async function leave() {
    await Promise.all([bridge.stop(), listeners.stop(), flood.stop(), receiver.stop()])
    rmSync(dir, { recursive: true, force: true })
  }

  try {
    const opened = await listeners.ask('open', { servers, hanging }, OPEN_MS)
    const named = opened.ports.map((port, index) => ({
      name: `s${index}`,
      port,
      ...(index < prompt && { readInterval: '0s' }),
    }))
    const order: { name: string; port: number; readInterval?: string }[] = [...named]
    for (const [index, port] of opened.hanging.entries())
      order.splice(Math.floor((index * servers) / hanging), 0, { name: `hanging${index}`, port })
    if (floods) order.unshift({ name: 'flood', port: await flood.ask('open', undefined), readInterval: '0s' })
    const config = {
      servers: order.map(({ name, ...minecraft }) => ({
        name,
        minecraft: { host: '127.0.0.1', ...minecraft },
      })),
      notification: {
        enabled: true,
        endpoints: [{ name: 'hook', type: 'webhook', url: receiver.url }],
      },
      state: { dir },
    }
    const startedAt = wallNow()
    await bridge.ask('start', { config: JSON.stringify(config) })
    return {
      bridge,
      listeners,
      flood,
      receiver,
      startedAt,
      places: named.map(({ name }) => order.findIndex(one => one.name === name)),
      latency: async index => {
        const isEnd = ends[index] ?? false
        ends[index] = !isEnd
        const { promise, resolve, reject } = Promise.withResolvers<number>()
        const timer = setTimeout(
          () => reject(new Error(`no message within ${LINE_MS / 1000} s of a line on s${index}`)),
          LINE_MS,
        )
        receiver.onTaken = ({ server, at }) => {
          if (server === `s${index}`) resolve(at)
        }
        const toldAt = await listeners.ask('tell', { index, isEnd })
        const cameAt = await promise
        clearTimeout(timer)
        return cameAt - toldAt
      },
      leave,
    }
  } catch (error) {
    await leave()
    throw error
  }
}
