/** docs/PROVIDERS.md: its sections are the catalog's, its examples are valid, and its answers come to what it says. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseConfig } from '../../src/config.ts'
import { PROVIDER_TYPES, PROVIDERS } from '../../src/delivery/catalog.ts'
import { type Endpoint, resolveEndpoints, subscribes } from '../../src/delivery/endpoint.ts'
import { toPayload } from '../../src/delivery/payload.ts'
import { REMEDIES } from '../../src/delivery/remedy.ts'
import { createSecret } from '../../src/delivery/signature.ts'
import { judgeStatus } from '../../src/delivery/verdict.ts'
import type { Outcome } from '../../src/outcome.ts'
import { fullEvent, only, PLUGIN } from '../delivery/fixture.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/PROVIDERS.md'), 'utf8')

/** What the examples take from the environment. */
const ENVIRONMENT = {
  PB_WEBHOOK_TOKEN: 'token',
  PB_WEBHOOK_SECRET: createSecret(),
  NTFY_TOPIC: 'topic',
  PB_BARK_KEY: 'bark-key',
  PB_SERVERCHAN_KEY: 'SCT1key',
  PB_HEALTHCHECKS_ID: '0b1c2d3e-0000-4000-8000-000000000000',
  PB_KUMA_TOKEN: 'Ab12Cd',
}

type Row = { status: number; body: string; verdict: string; remedy: string }
/** An example, and the table of answers behind it. */
type Example = { type: string; json: string; rows: Row[] }

const SECTIONS = PAGE.split(/^## /m).slice(1)

function titleOf(section: string): string {
  return section.split('\n', 1)[0] ?? ''
}

const EXAMPLES: Example[] = SECTIONS.flatMap(section =>
  section
    .split('```json\n')
    .slice(1)
    .map(part => {
      const [json = '', rest = ''] = part.split('```')
      return { type: titleOf(section), json, rows: rowsOf(rest) }
    }),
)

function rowsOf(markdown: string): Row[] {
  return [...markdown.matchAll(/^\| `(\d{3})(?: ([^`]*))?` \| (.*?) \| (.*?) ?\|$/gm)].map(
    ([, status, body = '', verdict = '', remedy = '']) => ({ status: Number(status), body, verdict, remedy }),
  )
}

function endpointOf(json: string): { endpoint: Endpoint; warnings: string[] } {
  const text = `{ "servers": [{}], "notification": { "enabled": true, "endpoints": [${json}] } }`
  const { endpoints, warnings } = resolveEndpoints(
    parseConfig(text, 'PROVIDERS.md', ENVIRONMENT).notification,
  )
  return { endpoint: only(endpoints), warnings }
}

const VERDICTS = { delivered: 'delivered', retry: 'tried again', rejected: 'given up' }

function judge({ provider, target }: Endpoint, { status, body }: Row): Outcome {
  const event = fullEvent('backup_success')
  const payload = toPayload(event, { plugin: PLUGIN, language: 'en_us' })
  const now = 0
  const request = provider.request({ event, language: 'en_us', payload, deliveryId: 'd' }, target, { now })
  const answer = { status, headers: {}, body }
  return (
    provider.judge?.(answer, { request, doubtful: false, now }) ?? judgeStatus(answer, 'https://a.example/')
  )
}

describe('docs/PROVIDERS.md', () => {
  it('has a section for each type of the catalog, in its order', () => {
    assert.deepEqual(
      SECTIONS.map(titleOf).filter(title => /^[a-z]+$/.test(title)),
      PROVIDER_TYPES,
    )
    assert.deepEqual([...new Set(EXAMPLES.map(({ type }) => type))], PROVIDER_TYPES)
  })

  for (const { type, json, rows } of EXAMPLES) {
    const { name } = JSON.parse(json)
    it(`has a valid example "${name}" in the section of its type, of which nobody has to be warned`, () => {
      const { endpoint, warnings } = endpointOf(json)
      assert.equal(endpoint.provider.type, type)
      assert.deepEqual(warnings, [])
      const problem = { ...fullEvent('backup_failure'), server: 'minecraft' }
      assert.ok(endpoint.enabled && subscribes(endpoint, problem))
    })

    for (const row of rows)
      it(`tells what comes of ${row.status} ${row.body} from the service of "${name}", and what to do`, () => {
        const outcome = judge(endpointOf(json).endpoint, row)
        const remedy = outcome.status === 'delivered' ? '' : REMEDIES[outcome.reason.code].en_us
        assert.deepEqual([row.verdict, row.remedy], [VERDICTS[outcome.status], remedy])
      })
  }

  it('tells the answers of every service', () => {
    for (const { type } of PROVIDERS)
      assert.ok(EXAMPLES.some(example => example.type === type && example.rows.length >= 3))
  })
})
