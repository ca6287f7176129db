import MarkdownIt, { type Token } from "markdown-it"
import { createElement, Fragment, memo, type ReactElement, type ReactNode } from "react"
import { strings } from "../strings.js"

/**
 * Markdown that another member wrote, as elements of the page: never as HTML, so there is nothing to sanitise. What is not named here is shown as its
 * text, and nothing in it is fetched: pictures are links.
 */

/** Deeper than that nobody quotes in earnest. */
const MOST_NESTING = 20
/** Hundreds of messages are laid out at a time: what one of them asks for more is shown as it was written. */
const MOST_ELEMENTS = 400
/** In lists and quotes, too. */
const TABLE_DELIMITER = /^[\s>*+\d.)|:-]*-[\s>*+\d.)|:-]*$/
const BLANK = /^[\s>]*$/

const parser = new MarkdownIt({ linkify: true, maxNesting: MOST_NESTING })
// Only what says that it is an address: no word with a dot in it leads anywhere.
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false })

const TAGS: Readonly<Record<string, string>> = {
  paragraph: "p",
  // The page has an outline of its own.
  heading: "p",
  blockquote: "blockquote",
  bullet_list: "ul",
  ordered_list: "ol",
  list_item: "li",
  table: "table",
  thead: "thead",
  tbody: "tbody",
  tr: "tr",
  th: "th",
  td: "td",
  strong: "strong",
  em: "em",
  s: "s",
}
const LEADS_OUT = new Set(["http:", "https:", "mailto:"])

/** @param tabIndex of its links: in a long list only those of one message are come by. */
export const Markdown = memo(function Markdown({
  text,
  tabIndex,
}: {
  readonly text: string
  readonly tabIndex: 0 | -1
}): ReactElement {
  const tokens = cellsAtMost(text) > MOST_ELEMENTS ? null : parser.parse(text, {})
  if (tokens === null || isTooMuch(tokens))
    return createElement("div", { className: "markdown markdown-source", dir: "auto" }, text)
  return createElement("div", { className: "markdown", dir: "auto" }, ...nodesOf(tokens, tabIndex))
})

/** Cells that the tables of a text may have. Counted before they are made: each row gets as many as its table has columns, however short it is. */
function cellsAtMost(text: string): number {
  let cells = 0
  let columns = 0
  for (const line of text.split("\n")) {
    if (BLANK.test(line)) columns = 0
    else if (TABLE_DELIMITER.test(line)) columns = Math.max(columns, line.split("|").length)
    cells += columns
  }
  return cells
}

function isTooMuch(tokens: readonly Token[]): boolean {
  let elements = 0
  let depth = 0
  for (const token of tokens.flatMap((one) => one.children ?? [one])) {
    if (token.nesting < 0) depth -= 1
    else if (token.type !== "text") {
      elements += 1
      depth += token.nesting
    }
    if (elements > MOST_ELEMENTS || depth > 2 * MOST_NESTING) return true
  }
  return false
}

/** Tokens come as openings and ends, one after another. */
function nodesOf(tokens: readonly Token[], tabIndex: 0 | -1): readonly ReactNode[] {
  const root: ReactNode[] = []
  const open: { readonly token: Token; readonly children: ReactNode[] }[] = []
  const add = (node: ReactNode): void => {
    const children = open.at(-1)?.children ?? root
    children.push(node)
  }
  for (const token of tokens) {
    if (token.nesting === 1) open.push({ token, children: [] })
    else if (token.nesting === 0) add(nodeOf(token, tabIndex))
    else {
      const ended = open.pop()
      if (ended !== undefined) add(elementOf(ended.token, ended.children, tabIndex))
    }
  }
  return root
}

function nodeOf(token: Token, tabIndex: 0 | -1): ReactNode {
  switch (token.type) {
    case "inline":
      return together(nodesOf(token.children ?? [], tabIndex))
    case "softbreak":
    case "hardbreak":
      return createElement("br")
    case "code_inline":
      return createElement("code", null, token.content)
    case "code_block":
    case "fence":
      return createElement("pre", null, createElement("code", null, token.content))
    case "hr":
      return createElement("hr")
    case "image":
      return linkOf(attributeOf(token, "src"), tabIndex, strings.chat.picture(token.content))
    default:
      return token.content
  }
}

function elementOf(token: Token, children: readonly ReactNode[], tabIndex: 0 | -1): ReactNode {
  const name = token.type.replace(/_open$/, "")
  if (name === "link")
    return linkOf(attributeOf(token, "href"), tabIndex, token.markup === "" ? together(children) : null)
  const tag = TAGS[name]
  // Of a tight list, whose items are lines.
  if (token.hidden || tag === undefined) return together(children)
  const start = Number(token.attrGet("start") ?? 1)
  const attributes = {
    ...(name === "ordered_list" && start !== 1 ? { start } : {}),
    ...(name === "heading" ? { className: "markdown-heading" } : {}),
  }
  return createElement(tag, attributes, ...children)
}

function together(children: readonly ReactNode[]): ReactElement {
  return createElement(Fragment, null, ...children)
}

function attributeOf(token: Token, name: string): string {
  return String(token.attrGet(name) ?? "")
}

/** The way out of the app, which says where it leads. @param words `null`: its address, in letters that can't be taken for others. */
function linkOf(href: string, tabIndex: 0 | -1, words: ReactNode): ReactNode {
  const url = URL.canParse(href) ? new URL(href) : null
  if (url === null || !LEADS_OUT.has(url.protocol)) return words ?? href
  const to = { href: url.href, title: url.href, target: "_blank", rel: "noopener noreferrer", tabIndex }
  const link = createElement("a", to, createElement("bdi", null, words ?? url.href))
  if (words === null) return link
  const target = ` (${url.host === "" ? url.pathname : url.host})`
  return together([link, createElement("span", { className: "link-target" }, target)])
}
