/** Many servers for one bridge in small; `npm run bench -- many` is the large one (bench/README.md). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openHouse } from '../../bench/many/house.ts'
import { median } from '../../bench/measure.ts'

const SERVERS = 40
const LINES = 15

test('forty servers are joined and heard beside one that floods and three that hang', async () => {
  const house = await openHouse({ servers: SERVERS, hanging: 3, floods: true, prompt: LINES })
  try {
    const { flood, listeners, receiver } = house
    const heard = async () => {
      const latencies: number[] = []
      for (let index = 0; index < LINES; index++) latencies.push(await house.latency(index))
      return median(latencies)
    }
    await flood.ask('joined', undefined)
    await flood.ask('start', { kind: 'chat' })
    await listeners.ask('joined', { servers: SERVERS })
    await listeners.ask('backUp', undefined)
    await receiver.takes(2 * SERVERS, 30_000)
    const came = [...receiver.taken.values()].map(({ server, event }) => `${server} ${event}`).sort()
    const wanted = Array.from({ length: SERVERS }, (_, index) => `s${index}`)
    assert.deepEqual(
      came,
      wanted.flatMap(server => [`${server} backup_start`, `${server} backup_success`]).sort(),
    )
    const flooded = await heard()
    assert.ok((await flood.ask('stop', undefined)) > 1e6, 'nothing was flooded')
    const calm = await heard()
    // Read as it comes, a flood of chat takes all the time there is: others then wait for about a second.
    assert.ok(flooded < 250 + 5 * calm, `${flooded} ms beside the flood, ${calm} ms without`)
  } finally {
    await house.leave()
  }
})
