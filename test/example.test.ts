import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { renderSchema } from '../src/config/schema.ts'
import { ConfigError, parseConfig } from '../src/config.ts'
import { PROVIDER_TYPES } from '../src/delivery/catalog.ts'
import { createSecret } from '../src/delivery/signature.ts'

const ROOT = join(import.meta.dirname, '..')
const EXAMPLE = readFileSync(join(ROOT, 'config.example.json'), 'utf8')

/** What the example takes from the environment. */
const ENVIRONMENT = {
  PB_BARK_KEY: 'bark-key',
  PB_SERVERCHAN_KEY: 'SCT1key',
  PB_HEALTHCHECKS_ID: '0b1c2d3e-0000-4000-8000-000000000000',
  PB_WEBHOOK_TOKEN: 'token',
  PB_WEBHOOK_SECRET: createSecret(),
}

type Schema = { properties?: { [key: string]: Schema }; items?: Schema }

/** `servers[].minecraft.port`, for every key of a schema. */
function keysOfSchema({ properties = {}, items }: Schema, path = ''): string[] {
  const own = Object.entries(properties).flatMap(([key, child]) => [
    `${path}.${key}`,
    ...keysOfSchema(child, `${path}.${key}`),
  ])
  return items ? [...own, ...keysOfSchema(items, `${path}[]`)] : own
}

function keysOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap(item => keysOf(item, `${path}[]`))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, child]) => [
    `${path}.${key}`,
    ...keysOf(child, `${path}.${key}`),
  ])
}

test('config.example.json is valid where its variables are set, and shows every kind of endpoint', () => {
  const { notification } = parseConfig(EXAMPLE, 'config.example.json', ENVIRONMENT)
  assert.deepEqual(notification.endpoints.map(({ type }) => type).sort(), [...PROVIDER_TYPES].sort())
})

test('config.example.json names every key of the schema', () => {
  const named = new Set(keysOf(JSON.parse(EXAMPLE)))
  const keys = keysOfSchema(JSON.parse(renderSchema()))
  assert.ok(keys.includes('.notification.endpoints[].bark.device_key'))
  assert.deepEqual(
    keys.filter(key => !named.has(key)),
    [],
  )
})

test('whoever copies config.example.json is told what to set, and of no other fault', () => {
  assert.throws(
    () => parseConfig(EXAMPLE, 'config.example.json', {}),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError)
      const unset = error.faults.map(fault => / the environment variable (\w+) is not set/.exec(fault)?.[1])
      assert.deepEqual(unset, Object.keys(ENVIRONMENT))
      return true
    },
  )
})

test('config.schema.json, which the example names, is that of the code: npm run generate', () => {
  assert.equal(JSON.parse(EXAMPLE).$schema, './config.schema.json')
  assert.equal(readFileSync(join(ROOT, 'config.schema.json'), 'utf8'), renderSchema())
})

test('config.schema.json explains every key', () => {
  const undescribed: string[] = []
  function visit({ properties = {}, items }: Schema, path: string) {
    if (items) visit(items, `${path}[]`)
    for (const [key, child] of Object.entries(properties)) {
      if (!(child as { description?: string }).description?.endsWith('.')) undescribed.push(`${path}.${key}`)
      visit(child, `${path}.${key}`)
    }
  }
  visit(JSON.parse(renderSchema()), '')
  assert.deepEqual(undescribed, [])
})
