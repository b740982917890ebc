/** The parser as emscripten made it: the package's own way in keeps one instance for good. */
declare module 'libpg-query/wasm/libpg-query.js' {
  export interface PgQuery {
    lengthBytesUTF8(text: string): number;
    stringToUTF8(text: string, to: number, bytesMax: number): void;
    UTF8ToString(from: number): string;
    getValue(from: number, type: 'i32'): number;
    _malloc(bytes: number): number;
    _free(place: number): void;
    _wasm_parse_query_raw(sql: number): number;
    _wasm_free_parse_result(result: number): void;
    _wasm_fingerprint(sql: number): number;
    _wasm_free_string(text: number): void;
  }

  export default function createPgQuery(options: {
    readonly print: (text: string) => void;
    readonly printErr: (text: string) => void;
  }): Promise<PgQuery>;
}
