export { HIDDEN_TEXTS, type HiddenText, ORDINARY_TEXTS } from './hidden-text.ts';
export { BAD_LINES, type BadLine } from './messages.ts';
export { anyLinkTarget, anyPath, MALFORMED, TRAVERSALS } from './paths.ts';
export { EXPRESSION_BOMBS, GLOB_BOMBS, IGNORE_BOMBS, type PatternBomb } from './patterns.ts';
