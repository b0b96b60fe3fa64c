import { runDemo } from '../demo/demo.ts'
import { listenForStop } from './stop.ts'
import { readLanguage, UsageError } from './usage.ts'

type Values = { [name: string]: string | boolean | undefined }

/** Plays the tour; 1 when something did not arrive. */
export async function demo({ once, language, minecraft }: Values): Promise<number> {
  const stop = listenForStop()
  const code = await runDemo({
    once: once === true,
    language: readLanguage(language),
    ...(typeof minecraft === 'string' && { minecraft: readVersion(minecraft) }),
    stopped: stop.received,
  })
  stop.done()
  return code
}

function readVersion(version: string): string {
  if (/^\d+\.\d+(\.\d+)?$/.test(version)) return version
  throw new UsageError(`--minecraft ${version} is no version; write one such as 1.21.4`)
}
