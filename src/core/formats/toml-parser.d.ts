/** The grammar of the package `toml`, which has no types of its own. */
declare module 'toml/lib/parser.js' {
  const parser: { readonly parse: (text: string) => unknown };
  export = parser;
}
