/** What is known of Prime Backup's (PB's) schedule; its rules are in `due.ts`. */
export type Schedule = {
  /** When the next scheduled backup is due at the latest; null where nobody can say. */
  dueAt: number | null
  /** Not before this; the same as `dueAt` where a date was named. */
  fromAt: number | null
  /** The last date that PB named, until a backup shows how true it was; also where nothing is due any more. */
  saidAt: number | null
  /** When it last fired, or PB last named a date: so it lived. */
  livedAt: number | null
  /** When something was last seen of the schedule. */
  knownAt: number | null
  /** Since when the schedule waits for its next run: it fired, or its timer was reset; null where nobody saw that. */
  baseAt: number | null
  /** Nothing can have come between `saidAt` and its backup unseen. */
  saidWatched: boolean
  /** The last date that was named is not to be trusted: what happens shows how long the schedule waits. */
  unsure: boolean
  /** PB said so; otherwise it is reckoned. */
  said: boolean
  /** How much later than `dueAt` it may really be. */
  slackMs: number
  /** How long the schedule waited, or was to wait, from one run to the next, of late. */
  waitsMs: number[]
  /** All of them are from before PB was loaded anew: its schedule may be another. */
  waitsOld: boolean
  /** What the dates that chat shows are worth: whether a backup came when one said. */
  zone: 'unknown' | 'right' | 'wrong'
  /** How far from its date the last scheduled backup came, where the zone is wrong. */
  offMs: number | null
  /** Until PB is loaded anew, or somebody resumes it. */
  paused: boolean
  /** PB's log says so whenever it rests: nobody need be asked. */
  tellsRest: boolean
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
    fromAt: null,
    livedAt: null,
    knownAt: null,
    baseAt: null,
    saidWatched: false,
    unsure: false,
    saidAt: null,
    said: false,
    slackMs: 0,
    waitsMs: [],
    waitsOld: false,
    zone: 'unknown',
    offMs: null,
    paused: false,
    tellsRest: false,
    pauseAskedBy: null,
    told: false,
    toldOdd: false,
  }
}
