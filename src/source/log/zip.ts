/** MCDR's archives of its log: `logs/YYYY-MM-DD-N.zip`, one file in each (facts/prime-backup.md section 6). */
import type { Readable } from 'node:stream'
import type { Entry, ZipFile } from 'yauzl'

/** The unzipped bytes of the first file in an archive. Throws where it is no sound archive. */
export async function* readZip(file: string): AsyncGenerator<Buffer> {
  const { default: yauzl } = await import('yauzl')
  const zip = await new Promise<ZipFile>((resolve, reject) => {
    yauzl.open(file, { lazyEntries: true, autoClose: false }, (error, opened) =>
      opened ? resolve(opened) : reject(error),
    )
  })
  try {
    const entry = await firstFile(zip)
    if (!entry) throw new Error('there is no file in it')
    const stream = await new Promise<Readable>((resolve, reject) => {
      zip.openReadStream(entry, (error, opened) => (opened ? resolve(opened) : reject(error)))
    })
    for await (const chunk of stream) yield chunk
  } finally {
    zip.close()
  }
}

function firstFile(zip: ZipFile): Promise<Entry | undefined> {
  return new Promise((resolve, reject) => {
    zip.once('error', reject)
    zip.once('end', () => resolve(undefined))
    zip.on('entry', (entry: Entry) => {
      if (entry.fileName.endsWith('/')) zip.readEntry()
      else resolve(entry)
    })
    zip.readEntry()
  })
}
