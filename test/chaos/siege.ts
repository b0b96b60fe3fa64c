import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { besiege, type Moments } from './house.ts'

/** Fifty kills, in two houses at once, since most of a life is waiting. */
export async function fiftyKills(t: TestContext, moments: Moments, seed: number): Promise<void> {
  const figures = await Promise.all([seed, seed + 1].map(own => besiege({ seed: own, kills: 25, moments })))
  for (const figure of figures) {
    t.diagnostic(JSON.stringify(figure))
    assert.equal(figure.kills, 25)
    assert.ok(figure.linesWhenKilled > 10, 'the bridges were killed before they did anything')
  }
}
