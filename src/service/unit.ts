/** The systemd unit of a bridge. Pure; what the directives mean: systemd.service(5), systemd.exec(5). */

export const UNIT_NAME = 'prime-backup-bridge'
export const UNIT_FILE = `/etc/systemd/system/${UNIT_NAME}.service`
/** Made by systemd for the service's user. */
export const STATE_DIRECTORY = `/var/lib/${UNIT_NAME}`
/** Secrets for `${NAME}` in the config; may be missing. */
export const ENVIRONMENT_FILE = `/etc/${UNIT_NAME}.env`
/** By this line a unit is known to be ours. */
export const UNIT_HEAD = '# Written by pb-bridge service install; it is replaced when that is run again.'

/** A young generation of 3 MB instead of 48: the bridge makes little at once. What it saves: docs/LEAN.md. */
export const NODE_FLAGS = ['--max-semi-space-size=1']

export type UnitOptions = {
  /** Absolute paths. */
  node: string
  cli: string
  config: string
  stateDir: string
  user: string
}

export function renderUnit({ node, cli, config, stateDir, user }: UnitOptions): string {
  const isOwnPlace = stateDir === STATE_DIRECTORY || stateDir.startsWith(`${STATE_DIRECTORY}/`)
  return `${UNIT_HEAD}
[Unit]
Description=Prime Backup Bridge
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
# The bridge lets systemd-notify speak for it.
NotifyAccess=all
ExecStart=${[node, ...NODE_FLAGS, cli, 'run', '--config', config].map(quoted).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
EnvironmentFile=-${ENVIRONMENT_FILE}
Restart=on-failure
# A faulty config, or another bridge in the same folder: trying again is of no use.
RestartPreventExitStatus=2
RestartSec=10
TimeoutStartSec=60
TimeoutStopSec=10
WatchdogSec=10min
User=${user}
StateDirectory=${UNIT_NAME}
StateDirectoryMode=0700
${isOwnPlace ? '' : `ReadWritePaths=${quoted(stateDir)}\n`}UMask=0077
MemoryHigh=512M

# It reads its config and MCDReforged's files, writes its state, and speaks TCP.
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
# Not MemoryDenyWriteExecute: Node compiles as it runs.

[Install]
WantedBy=multi-user.target
`
}

/** One word of a command line: systemd's own quotes, and its two special characters doubled. */
function quoted(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w@%+=:,./$-]+$/.test(plain) ? plain : `"${plain.replace(/[\\"]/g, '\\$&')}"`
}
