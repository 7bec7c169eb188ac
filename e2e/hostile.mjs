// What leads and receivers may send: each must be shown as the text it is.

/** Runs if anything of it is taken for markup, an address to follow, or a template. */
const MARK = "globalThis.__hostile=1";

export const HOSTILE = {
  script: `<script>${MARK}</script>`,
  image: `"><img src=x onerror="${MARK}">`,
  svg: `<svg onload="${MARK}"><a xlink:href="javascript:${MARK}">x</a></svg>`,
  address: `javascript:${MARK}`,
  template: "{{constructor.constructor('globalThis.__hostile=1')()}}${globalThis.__hostile=1}",
  style: `</style><style>body{display:none!important}</style>`,
  bidi: "\u202Egpj.exe\u202C \u2066abc\u2069 \u200F\u061C",
  emoji: "👩‍👩‍👧‍👦🏳️‍🌈\u{1F468}\u0301\u0301\u0301\u0301",
  formula: '=HYPERLINK("http://127.0.0.1:1/?"&A1,"click")',
  word: "W".repeat(8_000),
  spaces: "\u00A0\u2003\u200B\t",
  json: '{"__proto__":{"polluted":true}}',
};

/** Whether any of it ran. */
export function ran(page) {
  return page.evaluate(() => globalThis.__hostile !== undefined || {}.polluted !== undefined);
}
