/**
 * Secrets that can be recognised by their own form: a vendor's prefix, a key's armour, a password in
 * a URL. High precision on purpose, because each hit changes what the caller reads. It is a net
 * below the deny list and the policy, not a reason to leave either out.
 */

interface SecretRule {
  readonly name: string;
  /** Literal text that every hit contains: a native search for it skips the pattern on clean text. */
  readonly markers: readonly string[];
  /** Linear: bounded repeats, no nested quantifier. A capture group narrows the hit to the secret part. */
  readonly pattern: RegExp;
}

const RULES: readonly SecretRule[] = [
  rule(
    'private-key',
    ['PRIVATE KEY'],
    /-----BEGIN [A-Z0-9 ]{0,20}PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [A-Z0-9 ]{0,20}PRIVATE KEY(?: BLOCK)?-----|$)/g,
  ),
  rule('age-key', ['AGE-SECRET-KEY-'], /AGE-SECRET-KEY-1[0-9A-Z]{58}\b/g),
  rule('aws-access-key', ['AKIA', 'ASIA'], /(?:AKIA|ASIA)[A-Z2-7]{16}\b/g),
  rule(
    'aws-secret-key',
    ['aws_secret_access_key', 'AWS_SECRET_ACCESS_KEY', 'SecretAccessKey'],
    /(?:aws_secret_access_key|AWS_SECRET_ACCESS_KEY|SecretAccessKey)["']?[^\S\n]{0,8}[=:][^\S\n]{0,8}["']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])/g,
  ),
  rule('azure-key', ['AccountKey='], /AccountKey=([A-Za-z0-9+/]{80,88}={0,2})/g),
  rule('google-api-key', ['AIza'], /AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])/g),
  rule('google-oauth', ['GOCSPX-', 'ya29.'], /(?:GOCSPX-[\w-]{28}|ya29\.[\w-]{30,512})/g),
  rule(
    'github-token',
    ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
    /(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255})/g,
  ),
  rule(
    'gitlab-token',
    ['glpat-', 'glptt-', 'gldt-', 'glrt-', 'glcbt-'],
    /gl(?:pat|ptt|dt|rt|cbt)-[\w.-]{20,100}/g,
  ),
  rule('mcp-key', ['mcpk_'], /mcpk_[a-z0-9]{12}_[\w-]{43}_[0-9A-Za-z]{6}(?![0-9A-Za-z])/g),
  rule('npm-token', ['npm_'], /npm_[A-Za-z0-9]{36}\b/g),
  rule('pypi-token', ['pypi-AgE'], /pypi-AgE[\w-]{50,2000}/g),
  rule('rubygems-token', ['rubygems_'], /rubygems_[a-f0-9]{48}\b/g),
  rule('docker-token', ['dckr_pat_', 'dckr_oat_'], /dckr_[po]at_[\w-]{27,64}/g),
  rule('huggingface-token', ['hf_'], /hf_[A-Za-z]{34}\b/g),
  rule('anthropic-key', ['sk-ant-'], /sk-ant-[a-z0-9]{2,10}-[\w-]{40,200}/g),
  rule('openai-key', ['T3BlbkFJ'], /sk-[\w-]{10,100}?T3BlbkFJ[\w-]{20,100}/g),
  rule(
    'slack-token',
    ['xoxa-', 'xoxb-', 'xoxe-', 'xoxe.', 'xoxo-', 'xoxp-', 'xoxr-', 'xoxs-', 'xapp-'],
    /(?:xox[abeoprs][-.]|xapp-)[A-Za-z0-9-]{10,500}/g,
  ),
  rule(
    'slack-webhook',
    ['hooks.slack.com/'],
    /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/_-]{20,120}/g,
  ),
  rule(
    'stripe-key',
    ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'],
    /(?:[rs]k_(?:live|test)_[A-Za-z0-9]{16,247}|whsec_[A-Za-z0-9+/]{24,64})/g,
  ),
  rule('square-token', ['sq0csp-', 'sq0atp-'], /sq0(?:csp|atp)-[\w-]{22,43}/g),
  rule(
    'shopify-token',
    ['shpat_', 'shpca_', 'shppa_', 'shpss_'],
    /shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b/g,
  ),
  rule('sendgrid-key', ['SG.'], /SG\.[\w-]{22}\.[\w-]{43}(?![\w-])/g),
  rule('digitalocean-token', ['dop_v1_', 'doo_v1_', 'dor_v1_'], /do[opr]_v1_[a-f0-9]{64}\b/g),
  rule('databricks-token', ['dapi'], /dapi[a-f0-9]{32}(?:-\d)?\b/g),
  rule(
    'grafana-token',
    ['glsa_', 'glc_'],
    /(?:glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|glc_[A-Za-z0-9+/]{32,400}={0,2})/g,
  ),
  rule('linear-key', ['lin_api_'], /lin_api_[A-Za-z0-9]{40}\b/g),
  rule('supabase-token', ['sbp_'], /sbp_[a-f0-9]{40}\b/g),
  rule('vault-token', ['hvs.', 'hvb.'], /hv[sb]\.[\w-]{24,300}/g),
  rule('telegram-token', [':AA'], /(?<!\d)\d{8,10}:AA[\w-]{33}(?![\w-])/g),
  // It begins where its letters begin, or behind an escape. At every `eyJ`, a row of them would be
  // read again and again.
  rule(
    'json-web-token',
    ['eyJ'],
    /(?:(?<![\w-])|(?<=\\[nrt]|%[0-9A-F]{2}))eyJ[\w-]{10,2000}\.eyJ[\w-]{10,16000}\.[\w-]{20,8000}/g,
  ),
  rule(
    'authorization-header',
    ['uthorization', 'UTHORIZATION'],
    /[Aa](?:uthorization|UTHORIZATION)["']?[^\S\n]{0,8}[:=][^\S\n]{0,8}["']?(?:[Bb]earer|BEARER|[Bb]asic|BASIC|[Tt]oken|TOKEN) +([\w.~+/-]{16,16000}=*)/g,
  ),
  rule(
    'url-password',
    ['://', ':\\/\\/'],
    /(?<![a-zA-Z])[a-zA-Z][\w+.-]{1,30}:(?:\\?\/){2}[^\s:/?#@"'<>]{0,64}:([^\s/?#@"'<>${}*]{3,256})@/g,
  ),
];

function rule(name: string, markers: readonly string[], { source }: RegExp): SecretRule {
  return { name, markers, pattern: new RegExp(source, 'gd') };
}

/** Where a secret stands in a text, and which rule knows it. Offsets are in UTF-16 units. */
export interface SecretFound {
  readonly rule: string;
  readonly start: number;
  readonly end: number;
}

/**
 * False for a text without any secret, true for one that has to be looked at. Many texts can be asked
 * about at once, joined by line feeds.
 */
export function mayHoldSecrets(text: string): boolean {
  return MARKERS.test(text);
}

/** All markers in one pattern: one pass over a text costs a quarter of a native search for each. */
const MARKERS = new RegExp(
  RULES.flatMap(({ markers }) =>
    markers.map((marker) => marker.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')),
  ).join('|'),
);

/** Secrets of one rule in one text at most. No text that somebody wrote has more, and each costs memory. */
const HITS_MAX = 5000;

/**
 * Finds the secrets of a text, first to last, without overlaps. A text that holds more of them than
 * anybody would write counts as one.
 */
export function findSecrets(text: string): readonly SecretFound[] {
  if (!mayHoldSecrets(text)) return [];
  const found: SecretFound[] = [];
  for (const candidate of RULES) {
    for (const hit of hitsOf(candidate, text)) {
      if (found.length === HITS_MAX) return [{ rule: hit.rule, start: 0, end: text.length }];
      found.push(hit);
    }
  }
  if (found.length < 2) return found;
  found.sort((a, b) => a.start - b.start || b.end - a.end);
  let reached = 0;
  return found.flatMap((hit) => {
    // Of a hit that begins within another one, what reaches further counts as well.
    const start = Math.max(hit.start, reached);
    if (hit.end <= start) return [];
    reached = hit.end;
    return [{ ...hit, start }];
  });
}

function* hitsOf(candidate: SecretRule, text: string): Generator<SecretFound> {
  for (const match of matchesOf(candidate, text)) {
    // The group, where the rule has one: its text may also stand earlier in the match.
    const [start, end] = match.indices?.[1] ?? spanOf(match);
    yield { rule: candidate.name, start, end };
  }
}

function matchesOf({ markers, pattern }: SecretRule, text: string): Iterable<RegExpExecArray> {
  return markers.some((marker) => text.includes(marker)) ? text.matchAll(pattern) : [];
}

function spanOf({ index, 0: whole }: RegExpExecArray): SecretSpan {
  return [index, index + whole.length];
}

/**
 * Where the secrets of a text begin and end together with what they are known by, such as the name of
 * the header before a password. Spans can overlap. Undefined for more secrets than anybody would write.
 */
export function secretSpans(text: string): readonly SecretSpan[] | undefined {
  if (!mayHoldSecrets(text)) return [];
  const spans: SecretSpan[] = [];
  for (const candidate of RULES) {
    for (const match of matchesOf(candidate, text)) {
      if (spans.length === HITS_MAX) return undefined;
      spans.push(spanOf(match));
    }
  }
  return spans;
}

type SecretSpan = readonly [start: number, end: number];

/** A text without its secrets, and the rules that found them. */
export interface RedactedText {
  readonly text: string;
  readonly rules: readonly string[];
}

/** Replaces each secret of a text with `[redacted: rule]`. */
export function redactSecrets(text: string): RedactedText {
  const found = findSecrets(text);
  if (found.length === 0) return { text, rules: [] };
  let redacted = '';
  let from = 0;
  for (const { rule: name, start, end } of found) {
    redacted += `${text.slice(from, start)}[redacted: ${name}]`;
    from = end;
  }
  return { text: redacted + text.slice(from), rules: found.map((secret) => secret.rule) };
}

/**
 * Covers each secret of a text without changing its length, so that lines, columns and pages stay
 * where they are.
 */
export function maskSecrets(text: string): RedactedText {
  const found = findSecrets(text);
  if (found.length === 0) return { text, rules: [] };
  let masked = '';
  let from = 0;
  for (const { rule: name, start, end } of found) {
    masked += text.slice(from, start) + maskOf(text.slice(start, end), name);
    from = end;
  }
  return { text: masked + text.slice(from), rules: found.map((secret) => secret.rule) };
}

/** What covers a secret: its rule's name where there is room for it, and always as many characters. */
export function maskOf(secret: string, ruleName: string): string {
  const label = `[redacted: ${ruleName}]`;
  const { length } = secret;
  return length < label.length ? '*'.repeat(length) : label.padEnd(length, '*');
}

/**
 * The longest secret that a rule knows, in characters, apart from private keys, which are followed
 * line by line. Whoever cuts a text looks this much further.
 */
export const SECRET_CHARACTERS_MAX = 32_768;

/**
 * A text without its NULs: UTF-16 that is read as something else has one between any two letters, and
 * no pattern knows it.
 */
export function withoutNuls(text: string): string {
  if (!text.includes('\0')) return text;
  // Letter by letter: `replaceAll` remembers where each of four million NULs stands, before it begins.
  const letters = new Uint16Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charCodeAt(at);
    if (letter !== 0) {
      letters[length] = letter;
      length += 1;
    }
  }
  return Buffer.from(letters.buffer, 0, 2 * length).toString('utf16le');
}

/** Follows private keys through a text that comes in pieces. */
export interface KeyFollower {
  /** Takes the next piece of a line. Every piece has to pass here, also of lines that are not shown. */
  feed(piece: string): void;
  /** Ends the line, and says whether any of it belongs to a key. */
  endLine(): boolean;
}

/** Longer than any mark, so that one that lies across two pieces is seen in the second. */
const MARK_CHARACTERS_MAX = 64;

/**
 * Makes the follower of one file.
 *
 * A reader that starts in the middle of a key sees only base64, which no pattern can tell from other
 * base64, and a reader that keeps a part of a line may not keep the mark on it. So this sees
 * everything, from the first character on, and keeps nothing but the end of the last piece.
 */
export function createKeyFollower(): KeyFollower {
  let inside = false;
  let touched = false;
  let carry = '';
  return {
    feed(piece) {
      const text = carry + withoutNuls(piece);
      if (text.includes('-----')) {
        for (const { 1: mark, index, 0: whole } of text.matchAll(KEY_MARK)) {
          if (index + whole.length <= carry.length) continue;
          touched = true;
          // Files that were put together without a line feed have an end and a beginning on one line.
          inside = mark === 'BEGIN';
        }
      }
      carry = text.slice(-MARK_CHARACTERS_MAX);
    },
    endLine() {
      const isKey = touched || inside;
      touched = inside;
      carry = '';
      return isKey;
    },
  };
}

/** The first or the last line of a private key. For `matchAll`, which keeps no place in it. */
export const KEY_MARK = /-----(BEGIN|END) [A-Z0-9 ]{0,20}PRIVATE KEY/g;
