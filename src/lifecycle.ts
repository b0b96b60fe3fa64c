/**
 * The lifecycle: (state, observation | tick) → (state, events). Pure: the time is an argument, ids come from the
 * observation that opens a task, and the state is plain JSON.
 *
 * A backup is
 *   none     nothing runs. `backup_started` opens one.
 *   open     started, no end seen. Ends by PB's completed line (success), by a line that says why not (failure),
 *            by another start (`no_completion`), by its deadline (`outcome_unknown`).
 *   settling open, and autosave came on again without a completed line: the only public sign of a raised failure.
 *            A line that says more may follow within SETTLE_MS; then it ends as `no_completion`.
 *   ended    ended by inference. The real end, when it is seen later, is told as a correction of the same task.
 *
 * A restore is
 *   none      nothing runs.
 *   asked     announced, nobody confirmed: no event yet, and none when it is declined.
 *   countdown the first countdown line, or a stop right after a confirm: `restore_start`. Ends by PB's aborted
 *             line, else when nothing follows by its deadline (`outcome_unknown`).
 *   stopped   the server went down for it. The bot's return, or a ping that is answered again, is
 *             `restore_success`; none by the deadline is `server_not_back`.
 *
 * What only follows from a rule carries `extra.inferred`, and `extra.watched`: whether the bridge saw chat all the
 * time. Sources: facts/prime-backup.md, sections 1, 3 and 4.
 */
import type { Observation } from './observation.ts'
import { noteSight, tellTooOld, tooOldAt } from './task/absence.ts'
import {
  awaitLastWord,
  completeBackup,
  describeBackup,
  expireBackup,
  failBackup,
  findBackup,
  startBackup,
  storeBackup,
  unwatchBackup,
} from './task/backup.ts'
import {
  concludeDue,
  concludeSilence,
  forgetDue,
  loadSchedule,
  noteAwake,
  noteDue,
  noteFired,
  overdueAt,
  pauseSchedule,
  reckonDue,
  restSchedule,
  silentAt,
} from './task/due.ts'
import { initialLead, isBelieved, takeOver, takeoverAt } from './task/lead.ts'
import {
  abortRestore,
  askRestore,
  awaitException,
  continueRestore,
  countDown,
  expireRestore,
  exportFiles,
  finishRestore,
  pingServer,
  raiseRestore,
  restoreDueAt,
  serverBack,
  serverLost,
  stopForRestore,
  stopServer,
} from './task/restore.ts'
import type { Draft, LifecycleOptions, LifecycleState, Seen, Step } from './task/state.ts'

export { restWindow } from './task/due.ts'
export {
  initialState,
  type LifecycleOptions,
  type LifecycleState,
  lifecycleSchema,
  parseState,
  type Step,
  shiftTimes,
  watchSchema,
  withoutFuture,
} from './task/state.ts'

/** When the next `tick` has something to do; undefined while nothing waits for time to pass. */
export function nextDeadline(state: LifecycleState, options?: LifecycleOptions): number | undefined {
  // A log that can't be read has yet to tell what was in time.
  if (state.lead.by === 'log' && state.lead.lostAt !== null) return takeoverAt(state.lead)
  const due = [
    state.backup?.settleAt,
    state.backup?.deadlineAt,
    state.backup?.stuckAt,
    tooOldAt(state, options?.watch),
    overdueAt(state, graceOf(options)),
    silentAt(state, options?.watch),
    state.restore && restoreDueAt(state.restore),
    takeoverAt(state.lead),
  ]
  const times = due.filter(at => typeof at === 'number')
  return times.length > 0 ? Math.min(...times) : undefined
}

function graceOf(options: LifecycleOptions | undefined): number | undefined {
  return options?.watch?.overdue ? options.watch.grace : undefined
}

/** What the passing of time alone brings: events of every deadline up to `now`, dated by their deadlines. */
export function tick(state: LifecycleState, now: number, options: LifecycleOptions): Step {
  const draft: Draft = { state: structuredClone(state), events: [], options }
  expire(draft, now)
  return { state: draft.state, events: draft.events }
}

/** Chat goes on where the log ended. */
function letChatLead(draft: Draft, at: number): void {
  const { lead, backup, attachedAt } = draft.state
  // Chat can vouch for the end of what the log saw begin only where it has watched since.
  const hasWatched = attachedAt !== null && attachedAt <= (lead.lostAt ?? attachedAt)
  if (backup) backup.watched = hasWatched
  if (!hasWatched) {
    unwatchBackup(draft.state)
    forgetDue(draft.state)
  }
  const lostAt = lead.lostAt ?? at
  for (const seen of takeOver(lead)) take(draft, seen)
  noteSight(draft, lostAt)
}

/** A state that was stored, as the next run takes it up: nobody saw chat meanwhile; the log (`follows`) was kept. */
export function takeUp(stored: LifecycleState, server: string, follows: boolean): LifecycleState {
  const state = structuredClone({ ...stored, server, ...(follows ? {} : { lead: initialLead() }) })
  state.awakeSince = null
  if (state.lead.by === 'chat') {
    state.attachedAt = null
    state.seesSince = null
    forgetDue(state)
    unwatchBackup(state)
  }
  return state
}

/** What one observation brings, after the deadlines that passed before it where it comes from whoever leads. */
export function observe(state: LifecycleState, observation: Observation, options: LifecycleOptions): Step {
  const draft: Draft = { state: structuredClone(state), events: [], options }
  // Whoever does not lead may be far ahead of the one who does, and has yet to tell how a task ended.
  // And a log that can't be read has not told what was in time.
  const isLost = observation.type === 'log_readable' && !observation.readable
  if (observation.source === state.lead.by && !isLost) expire(draft, observation.at)
  if (isBelieved(draft.state.lead, observation) || isOverdueEnd(draft, observation)) take(draft, observation)
  else noteAside(draft, observation)
  noteSight(draft, observation.at)
  return { state: draft.state, events: draft.events }
}

/** What each thing seen does; one row a fact. */
const RULES: { [T in Observation['type']]: (draft: Draft, seen: Seen<T>) => void } = {
  backup_started: startBackup,
  backup_completed: completeBackup,
  backup_described: describeBackup,
  backup_stored: storeBackup,
  backup_found: findBackup,
  backup_ended: (draft, seen) => failBackup(draft, seen.at, { message: seen.message }),
  schedule_triggered: (draft, seen) => {
    draft.state.triggeredAt = seen.at
    // It does not fire while the server is down.
    if (seen.source === 'log') draft.state.runsSince ??= seen.at
    noteFired(draft, seen)
  },
  schedule_failed: (draft, seen) => {
    failBackup(draft, seen.at, { message: 'completed_with_error' })
    noteDue(draft, seen)
  },
  // What PB says of its schedule is no proof of a backup (prime-backup.md section 4.1).
  schedule_completed: noteDue,
  schedule_skipped: ({ state }) => {
    state.triggeredAt = null
  },
  timer_reset: noteDue,
  schedule_resumed: noteDue,
  schedule_paused: ({ state }) => pauseSchedule(state),
  schedule_rested: ({ state }, { at }) => restSchedule(state, at),
  schedule_awake: ({ state }, seen) => noteAwake(state, seen),
  scheduler: ({ state }, { at, running }) => loadSchedule(state, at, running),
  reload_asked: ({ state }, { at }) => {
    // The log shows it, where there is one. Anybody can type it: what `silentAt` says comes all the same.
    if (state.lead.by === 'chat') loadSchedule(state, at, true)
  },
  autosave: awaitLastWord,
  restore_asked: askRestore,
  restore_declined: ({ state }) => {
    state.asked = null
  },
  restore_countdown: countDown,
  restore_aborted: abortRestore,
  restore_stopping: stopForRestore,
  restore_began: continueRestore,
  export_ended: exportFiles,
  restore_done: finishRestore,
  restore_failed: awaitException,
  task_raised: (draft, { task, at, error }) => {
    if (task === 'backup') failBackup(draft, at, { error })
    else raiseRestore(draft, at, error)
  },
  server_process: ({ state }, { at, running }) => {
    state.processRuns = running
    state.runsSince = running ? (state.runsSince ?? at) : null
    if (running && state.schedule.dueAt === null) reckonDue(state, at)
  },
  // What follows from it is the lead's (`task/lead.ts`).
  log_readable: () => {},
  server_stopping: stopServer,
  attached: (draft, seen) => {
    // MCDReforged may have been started anew meanwhile, and with it the schedule.
    if (draft.state.attachedAt === null) reckonDue(draft.state, seen.at)
    draft.state.attachedAt ??= seen.at
    draft.state.answering = null
    serverBack(draft, seen.at)
  },
  detached: (draft, seen) => {
    draft.state.attachedAt = null
    draft.state.answering = null
    forgetDue(draft.state)
    unwatchBackup(draft.state)
    serverLost(draft, seen.at)
  },
  ping: pingServer,
  command: ({ state }, seen) => {
    const word = seen.words.split(' ', 1)[0]
    const typed = { at: seen.at, player: seen.player, words: seen.words }
    if (seen.words.startsWith('crontab schedule_backup pause')) state.schedule.pauseAskedBy = seen.player
    if (word === 'make') state.make = typed
    else if (word === 'back') state.back = typed
    else if (word === 'confirm') state.confirmedAt = seen.at
  },
}

/** An end that chat showed while it led, when it had not seen the start: the log has brought that meanwhile. */
function isOverdueEnd({ state }: Draft, { source, type, at }: Observation): boolean {
  if (source !== 'log') return false
  const ended =
    type === 'backup_completed' || type === 'backup_ended' || type === 'schedule_failed'
      ? state.backup
      : type === 'restore_aborted'
        ? state.restore
        : null
  return ended !== null && ended.startedAt <= at
}

/** What whoever does not lead shows of itself is kept for when it does. */
function noteAside({ state }: Draft, seen: Observation): void {
  if (seen.type === 'attached') state.attachedAt ??= seen.at
  if (seen.type === 'detached') state.attachedAt = null
  if (seen.type === 'attached' || seen.type === 'detached') state.answering = null
  if (seen.type === 'ping') state.answering = seen.answered
  if (seen.type === 'log_readable') {
    state.followedAt ??= seen.at
    // What was due while nobody could see it is not known any more.
    if (seen.readable && state.lead.by === 'log' && state.schedule.dueAt === null) reckonDue(state, seen.at)
  }
}

function take(draft: Draft, seen: Observation): void {
  const rule = RULES[seen.type] as (draft: Draft, seen: Observation) => void
  rule(draft, seen)
}

/** Each round ends a task, or the wait for the log; a rule that ends none must not hang the bridge. */
const MAX_ROUNDS = 16

/** The deadlines up to `now`, the earliest first. */
function expire(draft: Draft, now: number): void {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const at = nextDeadline(draft.state, draft.options)
    if (at === undefined || at > now) return
    if (takeoverAt(draft.state.lead) === at) letChatLead(draft, at)
    else if (tooOldAt(draft.state, draft.options.watch) === at) tellTooOld(draft, at)
    else if (overdueAt(draft.state, graceOf(draft.options)) === at) concludeDue(draft, at)
    else if (silentAt(draft.state, draft.options.watch) === at) concludeSilence(draft, at)
    else if (!expireBackup(draft, at)) expireRestore(draft, at)
  }
}
