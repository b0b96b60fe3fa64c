import { styleText } from 'node:util'
import { PLUGIN, USER_AGENT } from '../bridge.ts'
import { systemClock as clock } from '../clock.ts'
import { disabledLine, resultLine, sendingLine, summaryLine, unknownEventLine } from '../command/answer.ts'
import { DEFAULT_EVENT, testEvent } from '../command/notify.ts'
import type { Line } from '../command/reply.ts'
import { type Config, loadConfig } from '../config.ts'
import { createAttempt } from '../delivery/attempt.ts'
import { resolveEndpoints } from '../delivery/endpoint.ts'
import { createHttp } from '../delivery/http.ts'
import { createTester, type Tester, type TestResult } from '../delivery/tester.ts'
import { type EventName, isEventName } from '../event.ts'
import { UsageError } from './usage.ts'

/** The answer of `!!pb test notify` in the terminal; 1 when any endpoint failed, or none was asked. */
export async function testNotify(
  file: string,
  { event = DEFAULT_EVENT, endpoint }: { event?: string; endpoint?: string },
): Promise<number> {
  const config = loadConfig(file, process.env)
  const { language } = config.notification
  if (!isEventName(event)) throw new UsageError(unknownEventLine(event, language).text)
  const { endpoints, warnings } = resolveEndpoints(config.notification)
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`)
  if (endpoint !== undefined && !endpoints.some(({ key }) => key === endpoint)) {
    const known = endpoints.map(({ key }) => key).join(', ')
    throw new UsageError(`no endpoint is named "${endpoint}"; the config has ${known || 'none'}`)
  }
  if (!endpoints.some(({ enabled }) => enabled)) {
    print(disabledLine(language))
    return 1
  }
  const startedAt = clock.monotonic()
  print(sendingLine(event, language))
  const results = await sendTest(config, event, {
    ...(endpoint !== undefined && { endpoints: [endpoint] }),
    onResult: result => print(resultLine(result, language)),
  })
  print(summaryLine(results, clock.monotonic() - startedAt, language))
  const sent = results.filter(({ outcome }) => outcome.status !== 'skipped')
  return sent.length > 0 && sent.every(({ outcome }) => outcome.status === 'delivered') ? 0 : 1
}

/** Sends a test as the console's to the enabled endpoints of a config, and leaves nothing open. */
export async function sendTest(
  { servers, notification }: Config,
  event: EventName,
  options: Parameters<Tester['test']>[1],
): Promise<TestResult[]> {
  const { endpoints } = resolveEndpoints(notification)
  const http = createHttp({ userAgent: USER_AGENT, clock })
  const attempt = createAttempt({ http, clock })
  const tester = createTester({ endpoints, attempt, clock, plugin: PLUGIN })
  try {
    const operator = { type: 'console', name: '' } as const
    return await tester.test(testEvent(event, servers[0]?.name ?? '', operator, clock.now(), null), options)
  } finally {
    await http.close()
  }
}

function print({ text, color }: Line) {
  process.stdout.write(`${color ? styleText(color, text) : text}\n`)
}
