/**
 * `npm run year -- --servers N --seed S [--days 365]`: the simulated year of so many servers, one after the other. A line
 * of JSON for each, with its figures, and what must not be; then a table. The same seed gives the same figures.
 */
import { parseArgs } from 'node:util'
import type { Figures } from './judge.ts'
import { HOUR, MINUTE, type Plan } from './plan.ts'
import { add, years } from './year.ts'

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    days: { type: 'string', default: '365' },
  },
})
const servers = Number(values.servers)
const seed = Number(values.seed)
const days = Number(values.days)
if (![servers, seed, days].every(number => Number.isInteger(number) && number > 0)) {
  console.error('write --servers N, --seed S and --days D as whole numbers of 1 or more')
  process.exit(2)
}

const started = performance.now()
let total: Figures | undefined
let faults = 0
for await (const { plan, figures, ...said } of years({ servers, seed, days })) {
  total = add(total, figures)
  faults += said.faults.length
  console.log(JSON.stringify({ ...summaryOf(plan), ...figures }))
  for (const line of said.faults) console.log(`FAULT ${line}`)
  for (const line of said.remarks) console.log(`      ${line}`)
}
if (total) console.log(tableOf(total))
if (faults > 0) process.exitCode = 1

function summaryOf({ name, source, zone, timeZone, schedule, rests }: Plan) {
  return { server: name, source, zone, timeZone: timeZone ?? null, schedule, rests }
}

function hours(ms: number): string {
  return ms < HOUR ? `${Math.round(ms / MINUTE)} min` : `${(ms / HOUR).toFixed(1)} h`
}

function tableOf(sum: Figures): string {
  const mean = sum.quietWeeks === 0 ? 0 : sum.quietMessages / sum.quietWeeks
  const rows: [string, string | number][] = [
    [
      'servers, days',
      `${servers}, ${days}; seed ${seed}, in ${Math.round((performance.now() - started) / 1000)} s`,
    ],
    ['backups', sum.backups],
    ['events; requests that arrived', `${sum.events}; ${sum.requests}`],
    ['starts that were too late to be sent', sum.expired],
    ['outcome unknown; corrected later', `${sum.unknown}; ${sum.corrections}`],
    ['failures', sum.failures],
    ['  nobody could see', sum.failuresUnseen],
    ['  most in a row', sum.longestStreak],
    ['hangs', sum.hangs],
    ['  over before they count as one', sum.hangsTooShort],
    ['absences', sum.absences],
    ['  told', sum.told],
    ['  over before their time was up', sum.tooShort],
    ['  no rule can see', sum.unseen],
    ['longest from a failure to its news', hours(sum.failureLatestMs)],
    ['longest from the start of a hang', hours(sum.hangLatestMs)],
    ['longest from the start of an absence', hours(sum.latestMs)],
    ['notices', sum.notices],
    ['  so, since restarts put the schedule off', sum.putOff],
    ['  false alarms', sum.falseAlarms],
    ['  not so, while somebody was away', sum.explained],
    ['quiet weeks', sum.quietWeeks],
    ['  messages: most, mean', `${sum.quietMost}, ${mean.toFixed(3)}`],
    ['what must not be (FAULT)', faults],
  ]
  return `\n${rows.map(([name, value]) => `${name.padEnd(44)}${value}`).join('\n')}`
}
