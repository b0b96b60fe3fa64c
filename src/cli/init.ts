/** `pb-bridge init`: finds what can be found, asks for the rest, and writes a config. */
import { accessSync, constants, existsSync, lstatSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { resultLine } from '../command/answer.ts'
import { DEFAULT_EVENT } from '../command/notify.ts'
import { type Config, ConfigError, parseConfig } from '../config.ts'
import type { Language } from '../language.ts'
import { composeConfig } from '../setup/compose.ts'
import { findMcdr } from '../setup/find.ts'
import { isMcdrFolder, type McdrFolder, readMcdrFolder } from '../setup/folder.ts'
import { adoptNotification, ownNotification } from '../setup/notification.ts'
import { needsAccount, planRemote, planServers, type ServerPlan, worthWatching } from '../setup/plan.ts'
import { type EndpointBlock, faultOf, SERVICES } from '../setup/service.ts'
import { localeLanguage, say } from '../setup/wording.ts'
import { writeNew } from '../setup/write.ts'
import { Cancelled, createAsk } from './ask.ts'
import { type InitDeps, type Talk, type Told, tellFolder, tellWhatIsLeft } from './talk.ts'
import { sendTest } from './test-notify.ts'
import { readLanguage, UsageError } from './usage.ts'

export type InitOptions = {
  /** Of the config to write, as the person named it. */
  file: string
  /** Folders of MCDReforged; none: they are looked for. */
  mcdr: readonly string[]
  language?: Language
}

/** Reads the command line; 0 written, 1 written but nothing can arrive yet, 2 nothing could be written, 130 Ctrl-C. */
export async function init(values: { [name: string]: unknown }): Promise<number> {
  const { config, mcdr, language } = values
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY
  return setUp(
    {
      file: String(config),
      mcdr: Array.isArray(mcdr) ? mcdr.map(String) : [],
      ...(language !== undefined && { language: readLanguage(language) }),
    },
    {
      ...(isTerminal && { ask: createAsk() }),
      print: line => process.stdout.write(`${line}\n`),
      env: process.env,
      places: { cwd: process.cwd(), home: homedir() },
    },
  )
}

/** Throws UsageError where nothing can be written. */
export async function setUp(options: InitOptions, deps: InitDeps): Promise<number> {
  const found = options.mcdr.length === 0 ? worthWatching(readAll(findMcdr(deps.places))) : undefined
  const named = options.mcdr.map(dir => readMcdrFolder(dir))
  const known = (found ?? named).find(folder => folder !== undefined)
  const language = options.language ?? localeLanguage(deps.env) ?? known?.config.language ?? 'en_us'
  const isChinese = language === 'zh_cn' || known?.config.language === 'zh_cn'
  const talk: Talk = {
    ...deps,
    language,
    // English is what everything is set to by itself.
    notifyIn: options.language ?? (isChinese ? 'zh_cn' : 'en_us'),
    say: (word, ...values) => say(word, language, ...values),
  }
  refuseToOverwrite(options.file, talk)
  try {
    const folders = found
      ? await chooseFolders(found, talk)
      : named.map((folder, index) => folder ?? refuseFolder(options.mcdr[index] ?? '', talk))
    return await setUpServers(options.file, folders, talk)
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error
    talk.print(talk.say('cancelled'))
    return 130
  }
}

async function setUpServers(file: string, folders: readonly McdrFolder[], talk: Talk): Promise<number> {
  for (const folder of folders) tellFolder(folder, talk)
  const plans =
    folders.length === 0 ? [await askRemote(talk)] : planServers(folders, await askAccount(folders, talk))
  for (const { timeZone } of plans) if (timeZone !== undefined) talk.print(talk.say('foundZone', timeZone))
  const schema = existsSync(join(dirname(resolve(file)), 'config.schema.json'))
  const compose = ({ notification }: Told) => composeConfig(plans, notification, { schema })
  let told = findNotification(plans, talk) ?? (await askNotification(talk))
  let arrived = await test(compose(told), file, talk)
  while (!arrived && talk.ask) {
    const next = await talk.ask.choose(talk.say('failed'), [
      { value: 'again', label: talk.say('again') },
      { value: 'keep', label: talk.say('keep') },
      { value: 'stop', label: talk.say('stop') },
    ])
    if (next === 'stop') throw new Cancelled()
    if (next === 'keep') break
    told = await askNotification(talk)
    arrived = await test(compose(told), file, talk)
  }
  write(file, compose(told), talk)
  tellWhatIsLeft(file, plans, told, talk)
  const isComplete = arrived && told.notification.endpoints.length > 0
  return isComplete || talk.ask ? 0 : 1
}

function readAll(dirs: readonly string[]): McdrFolder[] {
  return dirs.flatMap(dir => readMcdrFolder(dir) ?? [])
}

function refuse(message: string): never {
  throw new UsageError(message)
}

/** The server's own folder is named as often as MCDReforged's, which is around it. */
function refuseFolder(dir: string, { say }: Talk): never {
  const [near] = findMcdr({ cwd: dir, home: dir, roots: [], places: [] })
  return refuse(near === undefined ? say('noMcdr', dir) : say('nearMcdr', dir, near))
}

function refuseToOverwrite(file: string, talk: Talk): void {
  const dir = dirname(resolve(file))
  if (lstatSync(file, { throwIfNoEntry: false })) refuse(talk.say('exists', file))
  if (!existsSync(dir)) refuse(talk.say('noFolder', dir))
  try {
    accessSync(dir, constants.W_OK)
  } catch {
    refuse(talk.say('noRight', dir))
  }
}

async function chooseFolders(
  found: readonly McdrFolder[],
  { ask, say }: Talk,
): Promise<readonly McdrFolder[]> {
  if (found.length === 1) return found
  if (found.length === 0) {
    if (!ask) return refuse(say('nothingFound'))
    const dir = await ask.line(say('whereFolder'), answer =>
      answer === '' || isMcdrFolder(answer) ? undefined : say('notThere'),
    )
    return dir === '' ? [] : readAll([dir])
  }
  if (!ask) return refuse(say('severalFound', found.map(({ dir }) => dir).join(', ')))
  const all = { value: '', label: say('allFolders') }
  const chosen = await ask.choose(say('whichFolder'), [
    ...found.map(({ dir }) => ({ value: dir, label: dir })),
    all,
  ])
  return chosen === '' ? found : found.filter(({ dir }) => dir === chosen)
}

const ADDRESS = /^([^\s/:]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/i

/** Where MCDReforged runs on another machine, and only the game server can be reached. */
async function askRemote({ ask, say }: Talk): Promise<ServerPlan> {
  const isAddress = (answer: string) =>
    ADDRESS.test(answer) && Number(ADDRESS.exec(answer)?.[2] ?? 1) < 65_536
  const answer =
    (await ask?.line(say('whichAddress'), given => (isAddress(given) ? undefined : say('noAddress')))) ?? ''
  const [, host = '', port = '25565'] = ADDRESS.exec(answer) ?? []
  return planRemote(host.replace(/^\[|\]$/g, ''), Number(port))
}

async function askAccount(folders: readonly McdrFolder[], { ask, say }: Talk): Promise<string | undefined> {
  if (!ask || !folders.some(needsAccount)) return undefined
  const answer = await ask.line(say('whichAccount'), given =>
    given === '' || /^[^\s@]+@[^\s@]{3,}$/.test(given) ? undefined : say('noAccount'),
  )
  return answer === '' ? undefined : answer
}

/** The fork's own block, or what the environment says; undefined where a person must. */
function findNotification(plans: readonly ServerPlan[], talk: Talk): Told | undefined {
  return findFork(plans, talk) ?? findInEnvironment(talk)
}

function findFork(plans: readonly ServerPlan[], { say, print, notifyIn, env }: Talk): Told | undefined {
  for (const { folder } of plans) {
    const { file = '', config } = folder?.primeBackup ?? {}
    const block = config?.notification
    const notification = block && adoptNotification(block, notifyIn)
    if (!notification) continue
    try {
      const parsed = parseConfig(composeConfig(plans, notification), file, env)
      print(say('foundFork', file, parsed.notification.endpoints.map(({ name }) => name).join(', ')))
      return { notification, adopted: true }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      print(say('faultyFork', file, error.faults.join('; ')))
    }
  }
  return undefined
}

function findInEnvironment({ say, print, language, notifyIn, env }: Talk): Told | undefined {
  const endpoints = SERVICES.flatMap((service): EndpointBlock[] => {
    const { variable, wantsUrl, label } = service
    const value = env[variable]
    if (value === undefined || value.trim() === '') return []
    const fault =
      faultOf(value, service)?.[language] ?? (!wantsUrl && URL.canParse(value) ? say('keyAlone') : undefined)
    if (fault !== undefined) {
      print(say('badVariable', variable, fault))
      return []
    }
    print(say('foundVariable', variable, label[language]))
    return [service.endpoint(`\${${variable}}`)]
  })
  return endpoints.length === 0
    ? undefined
    : { notification: ownNotification(notifyIn, endpoints), adopted: false }
}

async function askNotification({ ask, say, print, language, notifyIn }: Talk): Promise<Told> {
  const told = (endpoints: EndpointBlock[]) => ({
    notification: ownNotification(notifyIn, endpoints),
    adopted: false,
  })
  if (!ask) {
    print(say('missing', SERVICES.map(({ variable }) => variable).join(' / ')))
    return told([])
  }
  const type = await ask.choose(say('whichService'), [
    ...SERVICES.map(({ type, label, hint }) => ({
      value: type,
      label: label[language],
      hint: hint[language],
    })),
    { value: '', label: say('later'), hint: say('laterHint') },
  ])
  const service = SERVICES.find(row => row.type === type)
  if (!service) return told([])
  const answer = await ask.secret(service.question[language], typed => faultOf(typed, service)?.[language])
  return told([service.endpoint(answer)])
}

/** Sends a test to every endpoint, and shows what each answered; true when all got it, and when there is none. */
async function test(text: string, file: string, { say, print, env, language }: Talk): Promise<boolean> {
  const config: Config = parseConfig(text, file, env)
  if (config.notification.endpoints.length === 0) return true
  print(say('sending'))
  const results = await sendTest(config, DEFAULT_EVENT, {
    onResult: result => print(resultLine(result, language).text),
  })
  return results.every(({ outcome }) => outcome.status === 'delivered' || outcome.status === 'skipped')
}

function write(file: string, text: string, { say, print }: Talk): void {
  try {
    writeNew(resolve(file), text)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    refuse(code === 'EEXIST' ? say('exists', file) : say('notWritten', file, code))
  }
  print('')
  print(say('written', file))
}
