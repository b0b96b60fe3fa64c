/** Everything that is judged of one server's year; the truth comes from the world, never from the bridge. */
import { type AbsenceFigures, judgeAbsences } from './absences.ts'
import { type DeliveryFigures, judgeDeliveries } from './deliveries.ts'
import { judgeNotices, type NoticeFigures } from './notices.ts'
import { sightsOf } from './sights.ts'
import { judgeTasks, type TaskFigures } from './tasks.ts'
import type { Story } from './year.ts'

export type Figures = TaskFigures & AbsenceFigures & NoticeFigures & DeliveryFigures

export type Verdict = {
  figures: Figures
  /** What must not be; each a line. */
  faults: string[]
  /** What a person may want to look into. */
  remarks: string[]
}

export function judge(story: Story): Verdict {
  const sights = sightsOf(story)
  const tasks = judgeTasks(story, sights)
  const absences = judgeAbsences(story, sights)
  const notices = judgeNotices(story, sights)
  const deliveries = judgeDeliveries(story, sights)
  return {
    figures: { ...tasks.figures, ...absences.figures, ...notices.figures, ...deliveries.figures },
    faults: [tasks, absences, notices, deliveries].flatMap(({ faults }) => faults),
    remarks: notices.remarks,
  }
}
