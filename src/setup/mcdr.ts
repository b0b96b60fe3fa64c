/** MCDReforged's (MCDR's) own files, as data: config.yml and permission.yml of its folder. */
import { parse as parseYaml } from 'yaml'
import { LANGUAGES, type Language } from '../language.ts'

export type McdrConfig = {
  /** Of the Minecraft server, relative to MCDR's folder. */
  workingDirectory: string
  /** Undefined where it is one that the bridge does not speak. */
  language?: Language
  /** `vanilla_handler`, `velocity_handler` … */
  handler: string
  /** Relative to MCDR's folder. */
  pluginDirectories: string[]
}

/** Undefined for a text that is no config of MCDR: any other program's config.yml. */
export function parseMcdrConfig(text: string): McdrConfig | undefined {
  const yaml = readYaml(text)
  if (!yaml || !('working_directory' in yaml) || !('handler' in yaml)) return undefined
  const { working_directory: workingDirectory, plugin_directories: plugins, handler, language } = yaml
  const spoken = languageOf(language)
  return {
    workingDirectory: typeof workingDirectory === 'string' ? workingDirectory : 'server',
    handler: String(handler ?? ''),
    pluginDirectories: Array.isArray(plugins) ? plugins.map(String) : ['plugins'],
    ...(spoken && { language: spoken }),
  }
}

/** `zh_tw` is nearer to `zh_cn` than to English. */
function languageOf(value: unknown): Language | undefined {
  const name = String(value ?? '').toLowerCase()
  return LANGUAGES.find(language => language === name) ?? (name.startsWith('zh') ? 'zh_cn' : undefined)
}

const PERMISSION_LEVELS = ['guest', 'user', 'helper', 'admin', 'owner']

/** Names of the players who have at least this level (0 guest to 4 owner); none for what is no permission.yml. */
export function playersAtLevel(text: string, level: number): string[] {
  const yaml = readYaml(text) ?? {}
  const names = PERMISSION_LEVELS.slice(level).flatMap(key => {
    const list = yaml[key]
    return Array.isArray(list) ? list.filter(name => typeof name === 'string') : []
  })
  return [...new Set(names)]
}

function readYaml(text: string): { [key: string]: unknown } | undefined {
  try {
    const yaml: unknown = parseYaml(text, { logLevel: 'error' })
    return typeof yaml === 'object' && yaml !== null && !Array.isArray(yaml) ? { ...yaml } : undefined
  } catch {
    return undefined
  }
}

/** A proxy's own output: Prime Backup has no world to back up there. */
export function isProxyHandler(handler: string): boolean {
  return /^(bungeecord|waterfall|velocity)_handler$/.test(handler)
}
