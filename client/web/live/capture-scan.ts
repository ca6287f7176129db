/** What is read along of a capture's bytes on their way to a player, which takes them as they are. */

/** What every player begins with. */
export interface CaptureInit {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** With its codecs, as `MediaSource.isTypeSupported` asks. */
  readonly type: string
}

/** A place where playing can begin: a key frame, or sound alone. */
export interface EntryPoint {
  /** In the capture's own time, as players count. */
  readonly timeS: number
  /** The segment in which it begins. */
  readonly segment: number
}

export interface CaptureScan {
  /** `null` until it came as a whole. */
  readonly init: CaptureInit | null
  /** Until when what came shows something; 0 at the beginning. */
  readonly endS: number
  /** What comes next does not follow what came before: nothing of it is given out before a place where a player finds its way. */
  jump(): void
  /**
   * Takes a segment's bytes.
   * @returns what can be given to a player now, behind `init`.
   * @throws {@link ArchiveError} `unsupported` for what is written in a way that can't be followed.
   */
  push(bytes: Uint8Array, segment: number): Uint8Array<ArrayBuffer>
}
