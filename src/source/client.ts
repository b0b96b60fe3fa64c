/** The protocol library's client, as the bridge knows it. */
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'

/** What is used of it; the library's own types are mostly `any`. */
export type Client = EventEmitter & {
  state: string
  version: string
  username: string
  uuid: string
  socket?: Socket
  closeTimer: NodeJS.Timeout | null
  write(name: string, params: object): void
  chat?(text: string): void
  end(reason?: string): void
  setSocket(socket: Socket): void
  /** Takes bytes from the server, which are the caller's again afterwards. */
  take(bytes: Buffer): void
}

export type ClientConstructor = new (
  isServer: boolean,
  version: string,
  customPackets?: object,
  hideErrors?: boolean,
) => Client
