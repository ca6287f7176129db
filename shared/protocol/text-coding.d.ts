// The one global beyond the language itself that the protocol uses, and that browsers and Node have alike.

declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>
}

declare class TextDecoder {
  constructor(encoding: "utf-8", options: { readonly fatal: true; readonly ignoreBOM: true })
  decode(bytes: Uint8Array): string
}
