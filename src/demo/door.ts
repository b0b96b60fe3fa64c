/** The server's port: opened and closed so that nothing is left behind, no socket, no timer. It keeps its number. */
import { once } from 'node:events'
import type { Clock } from '../clock.ts'
import { type Connection, type Edition, type LibraryServer, portOf } from './library.ts'
import { tagsPacket } from './tags.ts'

/** A port that was just closed may be taken for a moment, by a client's own end of a connection. */
const BUSY_TRIES = 20
const BUSY_DELAY_MS = 100
/** How long a kicked client may take to close its end. */
const GRACE_MS = 500

export const MAX_PLAYERS = 20

export type Door = {
  port(): number
  isOpen(): boolean
  /** Resolves when the port is open; rejects where it stays taken. */
  open(): Promise<void>
  /** Shut at once for newcomers; resolves when every connection is closed. */
  close(how: 'gracefully' | 'abruptly'): Promise<void>
}

/** `onClient` gets every client that is ready to be sent `login`. */
export function createDoor(
  edition: Edition,
  options: { host: string; port: number; motd: string },
  clock: Clock,
  onClient: (connection: Connection) => void,
): Door {
  const tags = tagsPacket(edition.codec)
  let { port } = options
  let library: LibraryServer | undefined

  /** The library ends the configuration at once; what it leaves out goes before that. */
  function sendTags(connection: Connection) {
    const write = connection.write.bind(connection)
    connection.write = (name, params) => {
      if (tags && name === 'finish_configuration') write(tags.name, tags.params)
      write(name, params)
    }
  }

  async function listen(tries: number): Promise<LibraryServer> {
    const server = edition.createServer({ ...options, port, maxPlayers: MAX_PLAYERS, beforeLogin: sendTags })
    server.on('error', () => {})
    server.on('connection', clearTimerOnClose)
    server.on('playerJoin', onClient)
    try {
      await once(server.socketServer, 'listening')
      return server
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries === 1) throw error
      await clock.sleep(BUSY_DELAY_MS)
      return listen(tries - 1)
    }
  }

  return {
    port: () => port,
    isOpen: () => library !== undefined,
    async open() {
      if (library) return
      library = await listen(BUSY_TRIES)
      port = portOf(library)
    },
    async close(how) {
      const closing = library
      if (!closing) return
      library = undefined
      const closed = once(closing.socketServer, 'close')
      closing.socketServer.close()
      const destroyAll = () => {
        for (const { socket } of Object.values(closing.clients)) socket.destroy()
      }
      if (how === 'abruptly') destroyAll()
      // Connections that are not in play were not kicked: they are cut with the rest.
      const cancel = clock.after(GRACE_MS, destroyAll)
      await closed
      cancel()
    },
  }
}

/** The library starts a timer of 30 s with each `end`, and clears it only when that comes before the socket's. */
function clearTimerOnClose(connection: Connection) {
  connection.socket.once('close', () => {
    if (connection.closeTimer) clearTimeout(connection.closeTimer)
  })
}
