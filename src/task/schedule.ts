/** What is known of Prime Backup's (PB's) schedule; its rules are in `due.ts`. */
export type Schedule = {
  /** When the next scheduled backup is due; null where nobody can say. */
  dueAt: number | null
  /** The last date that PB named, until a backup shows how true it was; also where nothing is due any more. */
  saidAt: number | null
  /** PB said so; otherwise it is reckoned. */
  said: boolean
  /** How much later than `dueAt` it may really be. */
  slackMs: number
  /** How long before them the last due dates were said. */
  waitsMs: number[]
  /** What the dates that chat shows are worth: whether a backup came when one said. */
  zone: 'unknown' | 'right' | 'wrong'
  /** How far from its date the last scheduled backup came, where the zone is wrong. */
  offMs: number | null
  /** Until PB is loaded anew, or somebody resumes it. */
  paused: boolean
  /** Whoever typed that it pause: nobody can say whether it did. */
  pauseAskedBy: string | null
  /** An overdue backup was told, and none has come since. */
  told: boolean
  /** It was told that the dates make no sense. */
  toldOdd: boolean
}

export function initialSchedule(): Schedule {
  return {
    dueAt: null,
    saidAt: null,
    said: false,
    slackMs: 0,
    waitsMs: [],
    zone: 'unknown',
    offMs: null,
    paused: false,
    pauseAskedBy: null,
    told: false,
    toldOdd: false,
  }
}
