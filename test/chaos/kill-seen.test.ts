import { test } from 'node:test'
import { fiftyKills } from './siege.ts'

test('fifty times kill -9 as a receiver is asked, or has just answered, loses and doubles nothing either', t =>
  fiftyKills(t, 'seen', 11))
