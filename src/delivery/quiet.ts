/** Quiet hours: when an endpoint is not to be told, and what it is told of them after. */
import { z } from 'zod'
import { type EventStatus, type Json, type LifecycleEvent, NOTICE, statusOf } from '../event.ts'
import { epochOf, isTimeZone, localText } from '../localtime.ts'
import { noticeOf } from '../notices.ts'

const KINDS = ['start', 'success', 'failure', 'notice'] as const satisfies EventStatus[]

const clockTime = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'is no time of the day; write hours and minutes, for example "23:30"')

export const quietSchema = z
  .strictObject({
    from: clockTime.describe('When it begins, "23:00".'),
    to: clockTime.describe('When it ends, "07:30"; what was held is told then.'),
    timeZone: z
      .string()
      .refine(isTimeZone, 'is no time zone; write an IANA name, for example "Asia/Shanghai"')
      .optional()
      .describe("Time zone of both; by default that of the bridge's machine."),
    except: z
      .array(z.enum(KINDS))
      .default(['failure'])
      .describe('What is told all the same: of start, success, failure, notice.'),
  })
  .refine(({ from, to }) => from !== to, {
    path: ['to'],
    message: 'is the same time as from; write when the quiet hours end',
  })
  .describe('Hours in which nothing is told but failures; what was held is told as one digest after them.')

export type Quiet = z.output<typeof quietSchema>

/** Epoch milliseconds until which an event that comes now is held; undefined where it may be told at once. */
export function quietUntil(quiet: Quiet, event: LifecycleEvent, now: number): number | undefined {
  const { from, to, timeZone, except } = quiet
  if (except.includes(statusOf(event.name))) return undefined
  const text = localText(now, timeZone)
  const time = text.slice(11, 16)
  const isQuiet = from < to ? from <= time && time < to : from <= time || time < to
  if (!isQuiet) return undefined
  const date = text.slice(0, 10)
  return epochOf(`${time < to ? date : dayAfter(date)} ${to}:00`, timeZone, now)
}

function dayAfter(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
}

/** More events than this are only counted. */
const MOST_TOLD = 50

/** What was held for an endpoint, as one notice. */
export function digestOf(endpoint: string, held: readonly LifecycleEvent[], at: number): LifecycleEvent {
  const told = held.slice(0, MOST_TOLD)
  const servers = new Set(held.map(({ server }) => server))
  const [server = ''] = servers
  const notice = noticeOf('digest', {
    at,
    about: `${endpoint} ${held[0]?.id}`,
    server: servers.size === 1 ? server : '',
    values: [String(held.length)].map(count => ({ en_us: count, zh_cn: count })),
    extra: { count: held.length, events: told.map(summaryOf) },
  })
  return { ...notice, digest: told }
}

function summaryOf({ id, name, taskId, at, server, backup, message, notice }: LifecycleEvent): Json {
  return {
    id,
    event: name,
    task_id: taskId,
    time: new Date(at).toISOString(),
    server,
    ...(backup?.id !== undefined && { backup_id: backup.id }),
    ...(message !== undefined && { message }),
    ...(name === NOTICE && notice && { code: notice.code }),
  }
}
