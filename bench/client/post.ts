/** A POST of a kilobyte by undici alone: `post.js URL COUNT` says the milliseconds of each round trip, and ends. */
import { Pool } from 'undici'

const [target = '', count = '1'] = process.argv.slice(2)
const { origin, pathname } = new URL(target)
const pool = new Pool(origin)
const body = JSON.stringify({ text: 'x'.repeat(1000) })
const times: number[] = []
for (let left = Number(count); left > 0; left--) {
  const start = performance.now()
  const answer = await pool.request({
    path: pathname,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  await answer.body.text()
  times.push(performance.now() - start)
}
await pool.close()
process.send?.(times)
process.disconnect?.()
