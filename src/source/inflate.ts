/**
 * Inflating small things often. Node's `inflateSync` makes a stream, a handle and 16 KB for each call, which costs more than
 * inflating a line of chat; one handle that is reset costs a tenth of it. The handle is private to Node, so it is tried on a
 * known text first, and where it is not what it was, `inflateSync` serves.
 */
import { createInflate, deflateSync, inflateSync, constants as zlib } from 'node:zlib'

/** Node's binding to zlib, synchronous (lib/zlib.js, processChunkSync). Writes how much is left of both into `left`. */
type Handle = {
  onerror: (message: string) => void
  reset(): void
  writeSync(
    flush: number,
    input: Buffer,
    inputOffset: number,
    inputBytes: number,
    output: Buffer,
    outputOffset: number,
    outputBytes: number,
  ): void
}

export type Inflater = {
  /**
   * The first bytes of what is packed from `start` to `end`, as many as fit into `into`, though the end be missing: how many
   * there are. Negative where the bytes are nothing that zlib packed.
   */
  begin(packed: Buffer, start: number, end: number, into: Buffer): number
  /** All that is packed from `start` to `end`. Throws where that is not sound, or not of `bytes`. */
  whole(packed: Buffer, start: number, end: number, bytes: number): Buffer
}

/** What `inflateSync` can do: slower, and for as long as there is a Node. */
export const plainInflater: Inflater = {
  begin: (packed, start, end, into) => {
    try {
      const options = { finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: MAX_BEGUN_BYTES }
      return inflateSync(packed.subarray(start, end), options).copy(into)
    } catch {
      return -1
    }
  },
  whole: (packed, start, end, bytes) => {
    const inflated = inflateSync(packed.subarray(start, end), { maxOutputLength: Math.max(bytes, 1) })
    if (inflated.length !== bytes) throw new Error(`${inflated.length} bytes instead of ${bytes}`)
    return inflated
  },
}

/** Of few packed bytes; zlib makes a thousand of one at most. */
const MAX_BEGUN_BYTES = 1_048_576

function handleInflater(): Inflater {
  const { _handle: handle, _writeState: left } = createInflate({ chunkSize: 64 }) as unknown as {
    _handle: Handle
    _writeState: Uint32Array
  }
  let failure: string | undefined
  handle.onerror = message => {
    failure = message
  }

  /** How many bytes came out. */
  function write(
    flush: number,
    packed: Buffer,
    start: number,
    end: number,
    output: Buffer,
    bytes: number,
  ): number {
    failure = undefined
    handle.reset()
    handle.writeSync(flush, packed, start, end - start, output, 0, bytes)
    return bytes - (left[0] ?? 0)
  }

  return {
    begin: (packed, start, end, into) => {
      const count = write(zlib.Z_SYNC_FLUSH, packed, start, end, into, into.length)
      return failure === undefined ? count : -1
    },
    whole: (packed, start, end, bytes) => {
      // One byte more shows what is longer than it says.
      const output = Buffer.allocUnsafe(bytes + 1)
      const count = write(zlib.Z_FINISH, packed, start, end, output, bytes + 1)
      if (failure !== undefined) throw new Error(failure)
      if (count !== bytes)
        throw new Error(`${count > bytes ? 'more than' : `${count} bytes instead of`} ${bytes}`)
      return output.subarray(0, bytes)
    },
  }
}

/** One for all connections: nothing is left of a call but its result. */
export const inflater: Inflater = proven() ?? plainInflater

function proven(): Inflater | undefined {
  try {
    const made = handleInflater()
    const text = Buffer.from('as it was, as it was, as it was')
    const packed = deflateSync(text)
    const into = Buffer.alloc(5)
    for (let round = 0; round < 2; round++) {
      if (made.begin(packed, 0, packed.length - 4, into) !== 5 || !into.equals(text.subarray(0, 5)))
        return undefined
      if (!made.whole(packed, 0, packed.length, text.length).equals(text)) return undefined
      if (made.begin(text, 0, text.length, into) >= 0) return undefined
    }
    return made
  } catch {
    return undefined
  }
}
