/** What a statement begins with, of a closed list; comments and brackets before it are passed over. */
export function verbOf(statement: string): string {
  return `upper((regexp_match(left(${statement}, 2000),
    '^(?:\\s|\\(|--[^\\n]*\\n|/\\*(?:[^*]|\\*+[^*/])*\\*+/)*(${VERBS.join('|')})\\M', 'i'))[1])`;
}

const VERBS = `
  select with values table insert update delete merge truncate copy
  create alter drop grant revoke comment refresh reindex cluster
  vacuum analyze explain lock call do declare fetch close move
  begin start commit end rollback savepoint release prepare execute
  set reset show listen notify checkpoint discard`
  .trim()
  .split(/\s+/);
