// biome-ignore-all lint/style/noDefaultExport: that is how they are imported
/** Parts of minecraft-protocol and of its libraries that have no types, as far as nmp.ts uses them. */

type NmpFeature = (client: object, options: object) => void

declare module 'minecraft-protocol/src/client.js' {
  const Client: unknown
  export default Client
}
declare module 'minecraft-protocol/src/client/setProtocol.js' {
  const setProtocol: NmpFeature
  export default setProtocol
}
declare module 'minecraft-protocol/src/client/play.js' {
  const play: NmpFeature
  export default play
}
declare module 'minecraft-protocol/src/client/compress.js' {
  const compress: NmpFeature
  export default compress
}
declare module 'minecraft-protocol/src/client/encrypt.js' {
  const encrypt: NmpFeature
  export default encrypt
}
declare module 'minecraft-protocol/src/client/microsoftAuth.js' {
  const auth: { authenticate(client: object, options: object): Promise<void> }
  export default auth
}
declare module 'minecraft-protocol/src/datatypes/uuid.js' {
  const uuid: { nameToMcOfflineUUID(name: string): string }
  export default uuid
}
declare module 'minecraft-protocol/src/datatypes/compiler-minecraft.js' {
  const types: { Read: object; Write: object; SizeOf: object }
  export default types
}
declare module 'minecraft-protocol/src/version.js' {
  const version: { supportedVersions: string[] }
  export default version
}
