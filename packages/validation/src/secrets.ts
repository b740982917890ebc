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
    /-----BEGIN [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----|$)/g,
  ),
  rule('age-key', ['AGE-SECRET-KEY-'], /\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b/g),
  rule('aws-access-key', ['AKIA', 'ASIA'], /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/g),
  rule(
    'aws-secret-key',
    ['aws_secret_access_key', 'AWS_SECRET_ACCESS_KEY', 'SecretAccessKey'],
    /(?:aws_secret_access_key|AWS_SECRET_ACCESS_KEY|SecretAccessKey)["']?[^\S\n]{0,8}[=:][^\S\n]{0,8}["']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])/g,
  ),
  rule('azure-key', ['AccountKey='], /AccountKey=([A-Za-z0-9+/]{80,88}={0,2})/g),
  rule('google-api-key', ['AIza'], /\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])/g),
  rule('google-oauth', ['GOCSPX-', 'ya29.'], /\b(?:GOCSPX-[\w-]{28}|ya29\.[\w-]{30,512})/g),
  rule(
    'github-token',
    ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'],
    /\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255})/g,
  ),
  rule(
    'gitlab-token',
    ['glpat-', 'glptt-', 'gldt-', 'glrt-', 'glcbt-'],
    /\bgl(?:pat|ptt|dt|rt|cbt)-[\w-]{20,64}/g,
  ),
  rule('npm-token', ['npm_'], /\bnpm_[A-Za-z0-9]{36}\b/g),
  rule('pypi-token', ['pypi-AgE'], /\bpypi-AgE[\w-]{50,1000}/g),
  rule('rubygems-token', ['rubygems_'], /\brubygems_[a-f0-9]{48}\b/g),
  rule('docker-token', ['dckr_pat_', 'dckr_oat_'], /\bdckr_[po]at_[\w-]{27,64}/g),
  rule('huggingface-token', ['hf_'], /\bhf_[A-Za-z]{34}\b/g),
  rule('anthropic-key', ['sk-ant-'], /\bsk-ant-[a-z0-9]{2,10}-[\w-]{40,200}/g),
  rule('openai-key', ['T3BlbkFJ'], /\bsk-[\w-]{10,100}?T3BlbkFJ[\w-]{20,100}/g),
  rule(
    'slack-token',
    ['xoxa-', 'xoxb-', 'xoxe-', 'xoxe.', 'xoxo-', 'xoxp-', 'xoxr-', 'xoxs-', 'xapp-'],
    /\b(?:xox[abeoprs][-.]|xapp-)[A-Za-z0-9-]{10,250}/g,
  ),
  rule(
    'slack-webhook',
    ['hooks.slack.com/'],
    /\bhooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/_-]{20,120}/g,
  ),
  rule(
    'stripe-key',
    ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'],
    /\b(?:[rs]k_(?:live|test)_[A-Za-z0-9]{16,247}|whsec_[A-Za-z0-9+/]{24,64})/g,
  ),
  rule('square-token', ['sq0csp-', 'sq0atp-'], /\bsq0(?:csp|atp)-[\w-]{22,43}/g),
  rule(
    'shopify-token',
    ['shpat_', 'shpca_', 'shppa_', 'shpss_'],
    /\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b/g,
  ),
  rule('sendgrid-key', ['SG.'], /\bSG\.[\w-]{22}\.[\w-]{43}(?![\w-])/g),
  rule('digitalocean-token', ['dop_v1_', 'doo_v1_', 'dor_v1_'], /\bdo[opr]_v1_[a-f0-9]{64}\b/g),
  rule('databricks-token', ['dapi'], /\bdapi[a-f0-9]{32}(?:-\d)?\b/g),
  rule(
    'grafana-token',
    ['glsa_', 'glc_'],
    /\b(?:glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|glc_[A-Za-z0-9+/]{32,400}={0,2})/g,
  ),
  rule('linear-key', ['lin_api_'], /\blin_api_[A-Za-z0-9]{40}\b/g),
  rule('supabase-token', ['sbp_'], /\bsbp_[a-f0-9]{40}\b/g),
  rule('vault-token', ['hvs.', 'hvb.'], /\bhv[sb]\.[\w-]{24,300}/g),
  rule('telegram-token', [':AA'], /\b\d{8,10}:AA[\w-]{33}(?![\w-])/g),
  rule('json-web-token', ['eyJ'], /\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,16000}\.[\w-]{20,8000}/g),
  rule(
    'authorization-header',
    ['uthorization'],
    /[Aa]uthorization["']?[^\S\n]{0,8}[:=][^\S\n]{0,8}["']?(?:Bearer|Basic|Token) +([\w.~+/-]{16,16000}=*)/g,
  ),
  rule(
    'url-password',
    ['://'],
    /\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s:/?#@"'<>]{0,64}:([^\s/?#@"'<>${}*]{3,256})@/g,
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

/** Finds the secrets of a text, first to last, without overlaps. */
export function findSecrets(text: string): readonly SecretFound[] {
  const found = RULES.flatMap((candidate) => hitsOf(candidate, text));
  if (found.length < 2) return found;
  found.sort((a, b) => a.start - b.start || b.end - a.end);
  let reached = 0;
  return found.filter(({ start, end }) => {
    if (start < reached) return false;
    reached = end;
    return true;
  });
}

function hitsOf({ name, markers, pattern }: SecretRule, text: string): readonly SecretFound[] {
  if (!markers.some((marker) => text.includes(marker))) return [];
  return Array.from(text.matchAll(pattern), ({ indices, index, 0: whole }) => {
    // The group, where the rule has one: its text may also stand earlier in the match.
    const [start, end] = indices?.[1] ?? [index, index + whole.length];
    return { rule: name, start, end };
  });
}

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
  return secret.length < label.length
    ? '*'.repeat(secret.length)
    : label.padEnd(secret.length, '*');
}

/**
 * The longest secret that a rule knows, in characters, apart from private keys, which are followed
 * line by line. Whoever cuts a text looks this much further.
 */
export const SECRET_CHARACTERS_MAX = 32_768;

/**
 * Follows a private key through a text that is read line by line.
 *
 * A reader that starts in the middle of a key sees only base64, which no pattern can tell from other
 * base64. So whoever streams lines asks this for every line from the first one on.
 */
export function createPrivateKeyTracker(): (line: string) => boolean {
  let inside = false;
  return (line) => {
    const mark = inside || line.includes('-----BEGIN ') ? lastMark(line) : undefined;
    const isKey = inside || mark !== undefined;
    // Files that were put together without a line feed have an end and a beginning on one line.
    if (mark !== undefined) inside = mark === 'BEGIN';
    return isKey;
  };
}

/** The last mark of a private key on a line. */
function lastMark(line: string): string | undefined {
  return [...line.matchAll(/-----(BEGIN|END) [A-Z ]{0,20}PRIVATE KEY/g)].at(-1)?.[1];
}
