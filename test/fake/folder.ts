/** A folder laid out as MCDReforged's, with a server and Prime Backup in it: the files that a machine would have. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { localText } from '../../src/localtime.ts'
import { recordsIn } from './mcdr.ts'

const CORPUS = join(import.meta.dirname, '../fixture/corpus')

export type FolderOptions = {
  language?: string
  handler?: string
  /** Lines of server.properties, over those that it has anyway; null: there is no such file. */
  properties?: { [key: string]: string | number | boolean } | null
  /** Blocks and values of Prime Backup's config, over its own; null: Prime Backup is not there. */
  primeBackup?: { [key: string]: unknown } | null
  owners?: string[]
  /** Epoch ms of the log's last line, and of the newest backup. */
  at?: number
  /** How far MCDReforged's clock is ahead of this machine's. */
  aheadMs?: number
  /** More files, by their path in the folder. */
  files?: { [path: string]: string }
}

/** Writes it, and answers where what is. */
export function makeFolder(dir: string, options: FolderOptions = {}) {
  const {
    language = 'en_us',
    handler = 'vanilla_handler',
    owners = ['Steve'],
    at = Date.now(),
    aheadMs = 0,
  } = options
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  put('config.yml', mcdrConfig(language, handler))
  put('permission.yml', permissions(owners))
  put('logs/MCDR.log', logText(language, at + aheadMs))
  mkdirSync(join(dir, 'server/world'), { recursive: true })
  if (options.properties !== null) put('server/server.properties', properties(options.properties ?? {}))
  mkdirSync(join(dir, 'plugins'), { recursive: true })
  const database = join(dir, 'pb_files/prime_backup.db')
  if (options.primeBackup !== null) {
    put('plugins/PrimeBackup-v1.13.0.pyz', 'PK')
    put(
      'config/prime_backup/config.json',
      JSON.stringify(primeBackupConfig(options.primeBackup ?? {}), null, 4),
    )
    mkdirSync(dirname(database), { recursive: true })
    copyFileSync(join(CORPUS, 'db/prime_backup_en_us.db'), database)
    dateNewest(database, at)
  }
  for (const [path, text] of Object.entries(options.files ?? {})) put(path, text)
  return {
    dir,
    log: join(dir, 'logs/MCDR.log'),
    database,
    permissions: join(dir, 'permission.yml'),
    primeBackup: join(dir, 'config/prime_backup/config.json'),
  }
}

function mcdrConfig(language: string, handler: string): string {
  return `# The configuration file for MCDReforged

language: ${language}

working_directory: server

start_command: java -Xms1G -Xmx2G -jar minecraft_server.jar nogui

handler: ${handler}

encoding: utf8
decoding: utf8

plugin_directories:
- plugins

rcon:
  enable: false
  address: 127.0.0.1
  port: 25575
  password: password
`
}

/** MCDReforged writes a list without entries as nothing. */
function permissions(owners: string[]): string {
  const list = owners.map(name => `\n- ${name}`).join('')
  return `default_level: user\n\nowner:${list}\nadmin:\nhelper:\n- Alex\nuser:\nguest:\n`
}

/** The first records of a start, then those of a recorded backup, of which the last is of this time. */
function logText(language: string, at: number): string {
  const isChinese = language.startsWith('zh')
  const scenario = `${isChinese ? 'zh_cn' : 'en_us'}/make_ok/mcdr.log`
  const started = isChinese
    ? ['MCDReforged 2.15.7 正在启动', '插件 prime_backup@1.13.0 已加载']
    : ['MCDReforged 2.15.7 is starting', 'Plugin prime_backup@1.13.0 loaded']
  const head = started.map(
    text =>
      `[MCDR] [2026-11-25 00:00:00.000] [MainThread/INFO] [mcdr_server.py:606(__on_mcdr_start)]: ${text}\n`,
  )
  const records = [...head, ...recordsIn(readFileSync(join(CORPUS, scenario), 'utf8'))]
  const time = `${localText(at)}.${String(at % 1000).padStart(3, '0')}`
  return records.map(record => record.replace(/\[\d{4}-[^\]]*\]/, `[${time}]`)).join('')
}

function properties(over: NonNullable<FolderOptions['properties']>): string {
  const values = {
    'enable-status': true,
    'enforce-secure-profile': true,
    'level-name': 'world',
    motd: 'A Minecraft Server',
    'online-mode': false,
    'server-ip': '',
    'server-port': 25_565,
    'white-list': false,
    ...over,
  }
  const lines = Object.entries(values).map(([key, value]) => `${key}=${value}`)
  return `#Minecraft server properties\n#Wed Nov 25 00:00:00 UTC 2026\n${lines.join('\n')}\n`
}

function primeBackupConfig(over: { [key: string]: unknown }): object {
  return {
    enabled: true,
    debug: false,
    storage_root: './pb_files',
    concurrency: 1,
    command: { prefix: '!!pb', permission: { abort: 1, back: 2, make: 1 }, confirm_time_wait: '1m' },
    backup: { source_root: './server', targets: ['world'], hash_method: 'xxh128' },
    scheduled_backup: {
      enabled: true,
      interval: '12h',
      crontab: null,
      jitter: '10s',
      reset_timer_on_backup: true,
      require_online_players: false,
      require_online_players_blacklist: [],
    },
    ...over,
  }
}

/** The newest backup's time; all others are of the same day and before it. */
function dateNewest(file: string, at: number): void {
  const database = new DatabaseSync(file)
  database
    .prepare('UPDATE backup SET timestamp = ? - (SELECT max(id) FROM backup) + id')
    .run(Math.floor(at / 1000))
  database.close()
}
