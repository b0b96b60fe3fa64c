import { test } from 'node:test'
import { fiftyKills } from './siege.ts'

test('fifty times kill -9 at any moment loses no event, doubles none in the outbox, and every delivery arrives', t =>
  fiftyKills(t, 'any', 1))
