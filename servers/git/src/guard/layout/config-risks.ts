import type { Severity } from '../../policy.ts';
import type { ConfigKey } from './config-key.ts';
import { parseSwitch, patternOf } from './config-values.ts';

/** What plain git would do with a key. */
export interface ConfigRisk {
  readonly id: string;
  readonly severity: Severity;
  readonly effect: string;
  /** True when only a value of this kind sets it off. */
  readonly when?: (value: string) => boolean;
}

const isNoFalse = (value: string): boolean => parseSwitch(value) !== false;
const isOn = (value: string): boolean => parseSwitch(value) === true;
const isOff = (value: string): boolean => parseSwitch(value) === false;
const isCommand = (value: string): boolean => value.startsWith('!');

/** A transport that is a program (`ext::`, `foo::`), or a name that is read as an option. */
const runsTransport = (url: string): boolean => /^(?:[A-Za-z][\w+.-]*::|-)/.test(url);
/** `https://user:password@host` or `https://token@host`; of ssh only a password counts. */
const holdsCredential = (url: string): boolean =>
  /^(?:https?|ftps?):\/\/[^/?#]*@|^[a-z][a-z0-9+.-]*:\/\/[^/?#@]*:[^/?#@]*@/i.test(url);

function executes(id: string, effect: string, when?: ConfigRisk['when']): ConfigRisk {
  return { id: `config.${id}`, severity: 'executes', effect, ...(when && { when }) };
}

function other(
  severity: Severity,
  id: string,
  effect: string,
  when?: ConfigRisk['when'],
): ConfigRisk {
  return { id: `config.${id}`, severity, effect, ...(when && { when }) };
}

const FSMONITOR = executes(
  'fsmonitor',
  'Every command that reads the index starts it: git status, git diff, git grep, git blame.',
  isNoFalse,
);
const EXTERNAL_DIFF = executes('external-diff', 'git diff runs it instead of comparing.');
const TEXTCONV = executes(
  'textconv',
  'git diff, git log -p, git show and git blame run it on files.',
);
const FILTER = executes(
  'filter',
  'git status, git diff and git blame run it on files of the work tree, a checkout on all of them.',
);
const MERGE_DRIVER = executes('merge-driver', 'A merge, or the preview of one, runs it.');
const TRANSPORT = executes(
  'transport',
  'A fetch runs it, also the fetch of an object that is missing.',
);
const CREDENTIAL_HELPER = executes('credential-helper', 'A fetch that needs a password runs it.');
const SIGNATURE = executes('signature', 'git log and git show run it where signatures are shown.');
const PAGER = executes('pager', 'Commands at a terminal hand their output to it.');
const EDITOR = executes('editor', 'Commands that ask for a text start it.');
const HOOKS = executes(
  'hooks',
  'Its hooks run, post-index-change also in git status and git diff.',
  (value) => value !== '/dev/null',
);
const TOOL = executes('tool', 'git difftool, git mergetool and the like run it.');
const HELP = executes('help-viewer', 'git help runs it.');
const TRAILER = executes('trailer', 'git commit and git interpret-trailers run it.');
const MAIL = executes('mail', 'git send-email and git imap-send run it.');
const VIRTUAL = executes(
  'virtual-files',
  'Some builds of git run it whenever they read the index.',
);
const SUBMODULE_UPDATE = executes('submodule-update', 'git submodule update runs it.', isCommand);
const PROMISOR = executes(
  'promisor',
  'Reading an object that is missing fetches it, with the programs that the remote names.',
  (value) => value !== '' && isNoFalse(value),
);
const INCLUDE = other(
  'executes',
  'include',
  'The settings of another file count as well, and can name programs.',
);
const REMOTE_HELPER = executes(
  'remote-helper',
  'A fetch runs the program that the address names.',
  runsTransport,
);
const CREDENTIAL_IN_URL = other(
  'leaks',
  'credential-in-url',
  'Commands that print the address print the password in it.',
  holdsCredential,
);
const HEADER = other(
  'leaks',
  'http-header',
  'It is sent with every request, and can be a password.',
);
const REWRITE = other(
  'leaks',
  'url-rewrite',
  'A fetch or a push goes to another address than it shows.',
);
const PROXY = other('leaks', 'proxy', 'A fetch or a push goes through it.');
const TLS = other('leaks', 'tls', 'Servers are not asked who they are.', isOff);
const OUTSIDE_FILE = other(
  'reads outside',
  'outside-file',
  'git reads the file that it names, wherever that lies.',
  (value) => value !== '',
);
const WORKTREE = other(
  'reads outside',
  'worktree',
  'Another directory counts as the work tree: git status, git diff and git grep read it.',
);
const PROTOCOL = other('notes', 'protocol', 'It allows a transport that git keeps closed.');
const HIDES = other('hides', 'hidden-changes', 'Changes stay out of git status and git diff.');
const FORMAT = other('breaks', 'format', 'Programs that read the output of git read it wrong.');
const ALIAS = executes('alias', 'The command of that name runs it.', isCommand);

/** Keys by their patterns. Several risks of one key are told apart by their values. */
const RISKS: Readonly<Record<string, readonly ConfigRisk[]>> = {
  'core.fsmonitor': [FSMONITOR],
  'core.hookspath': [HOOKS],
  'hook.*.command': [HOOKS],
  'include.path': [INCLUDE],
  'includeif.*.path': [INCLUDE],

  'diff.external': [EXTERNAL_DIFF],
  'diff.*.command': [EXTERNAL_DIFF],
  'diff.*.textconv': [TEXTCONV],
  'filter.*.clean': [FILTER],
  'filter.*.smudge': [FILTER],
  'filter.*.process': [FILTER],
  'merge.*.driver': [MERGE_DRIVER],
  'core.virtualfilesystem': [VIRTUAL],
  'core.usegvfshelper': [VIRTUAL],
  'core.gvfs': [VIRTUAL],

  'gpg.program': [SIGNATURE],
  'gpg.*.program': [SIGNATURE],
  'gpg.ssh.defaultkeycommand': [SIGNATURE],
  'gpg.*.defaultkeycommand': [SIGNATURE],
  'log.showsignature': [{ ...SIGNATURE, when: isOn }],

  'core.sshcommand': [TRANSPORT],
  'core.gitproxy': [TRANSPORT],
  'core.alternaterefscommand': [TRANSPORT],
  'remote.*.uploadpack': [TRANSPORT],
  'remote.*.receivepack': [TRANSPORT],
  'remote.*.vcs': [TRANSPORT],
  'uploadpack.packobjectshook': [TRANSPORT],
  'credential.helper': [CREDENTIAL_HELPER],
  'credential.*.helper': [CREDENTIAL_HELPER],
  'credential.report': [CREDENTIAL_HELPER],
  'core.askpass': [CREDENTIAL_HELPER],
  'extensions.partialclone': [PROMISOR],
  'remote.*.promisor': [PROMISOR],
  'remote.*.partialclonefilter': [PROMISOR],
  'remote.*.url': [REMOTE_HELPER, CREDENTIAL_IN_URL],
  'remote.*.pushurl': [REMOTE_HELPER, CREDENTIAL_IN_URL],
  'submodule.*.url': [REMOTE_HELPER, CREDENTIAL_IN_URL],
  'submodule.*.update': [SUBMODULE_UPDATE],
  'url.*.insteadof': [REWRITE],
  'url.*.pushinsteadof': [REWRITE],
  'http.extraheader': [HEADER],
  'http.*.extraheader': [HEADER],
  'http.proxy': [PROXY],
  'http.*.proxy': [PROXY],
  'remote.*.proxy': [PROXY],
  'http.sslverify': [TLS],
  'http.*.sslverify': [TLS],
  'http.cookiefile': [OUTSIDE_FILE],
  'http.*.cookiefile': [OUTSIDE_FILE],
  'protocol.allow': [PROTOCOL],
  'protocol.*.allow': [PROTOCOL],

  'core.pager': [PAGER],
  'core.editor': [EDITOR],
  'sequence.editor': [EDITOR],
  'interactive.difffilter': [PAGER],
  'web.browser': [HELP],
  'help.browser': [HELP],
  'gc.recentobjectshook': [HOOKS],
  'sendemail.smtpserver': [MAIL],
  'sendemail.sendmailcmd': [MAIL],
  'sendemail.tocmd': [MAIL],
  'sendemail.cccmd': [MAIL],
  'sendemail.headercmd': [MAIL],
  'imap.tunnel': [MAIL],

  'core.worktree': [WORKTREE],
  'core.attributesfile': [OUTSIDE_FILE],
  'core.excludesfile': [OUTSIDE_FILE],
  'mailmap.file': [OUTSIDE_FILE],
  'blame.ignorerevsfile': [OUTSIDE_FILE],
  'diff.orderfile': [OUTSIDE_FILE],
  'commit.template': [OUTSIDE_FILE],
  'fsck.skiplist': [OUTSIDE_FILE],
  'init.templatedir': [OUTSIDE_FILE],

  'core.ignorestat': [{ ...HIDES, when: isOn }],
  'diff.ignoresubmodules': [HIDES],
  'submodule.*.ignore': [HIDES],
  'status.showuntrackedfiles': [{ ...HIDES, when: (value) => value.toLowerCase() === 'no' }],
  'mailmap.blob': [other('hides', 'mailmap', 'People are shown under other names.')],
  'core.protectntfs': [other('notes', 'protection', 'A guard of git is off.', isOff)],
  'core.protecthfs': [other('notes', 'protection', 'A guard of git is off.', isOff)],

  'color.ui': [{ ...FORMAT, when: (value) => value.toLowerCase() === 'always' }],
  'diff.noprefix': [{ ...FORMAT, when: isOn }],
  'diff.mnemonicprefix': [{ ...FORMAT, when: isOn }],
  'diff.srcprefix': [FORMAT],
  'diff.dstprefix': [FORMAT],
  'format.pretty': [FORMAT],
  'log.date': [FORMAT],
  'i18n.logoutputencoding': [FORMAT],
};

/** Sections of which every key runs something, with or without a subsection. */
const SECTIONS: Readonly<Record<string, ConfigRisk>> = {
  alias: ALIAS,
  browser: HELP,
  difftool: TOOL,
  guitool: TOOL,
  hook: HOOKS,
  instaweb: TOOL,
  man: HELP,
  mergetool: TOOL,
  pager: PAGER,
  tar: executes('archive', 'git archive runs it.'),
  trailer: TRAILER,
};

/** Names within those sections that name no program. */
const HARMLESS = new Set(
  `hideresolved keepbackup keeptemporaries prompt trustexitcode writetotemp
   key where ifexists ifmissing separators umask remote enabled`.split(/\s+/),
);

/** What plain git would do because of a key with this value. */
export function riskOf(key: ConfigKey, value: string | undefined): ConfigRisk | undefined {
  const pattern = patternOf(key);
  const listed = Object.hasOwn(RISKS, pattern) ? RISKS[pattern] : undefined;
  const candidates = listed ?? sectionRisks(key);
  // Without a value a key is on, and names nothing.
  return candidates.find(({ when }) => when === undefined || when(value ?? 'true'));
}

function sectionRisks({ section, name }: ConfigKey): readonly ConfigRisk[] {
  const risk = Object.hasOwn(SECTIONS, section) ? SECTIONS[section] : undefined;
  return risk === undefined || HARMLESS.has(name) ? [] : [risk];
}
