import {
  type EncodedPacket,
  type InputTrack,
  Mp4OutputFormat,
  Output,
  StreamTarget,
  WebMOutputFormat,
} from "mediabunny"
import { earliest, type Lane, laneOf } from "../../verifier/packet-lanes.js"
import type { KeptFileWriter } from "./kept-files.js"

/** Written at once: what is in memory of the output. */
const PORTION_BYTES = 4 * 1024 * 1024

/**
 * Puts the tracks' packets, as they are, into a container that can be started and seeked in by ranges.
 * An MP4's index stands in front: room for it is left there, as its size follows from the number of packets.
 */
export async function remux(
  tracks: readonly InputTrack[],
  kind: "webm" | "mp4",
  into: KeptFileWriter,
  durationS: number,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const writable = new WritableStream<{ readonly data: Uint8Array; readonly position: number }>({
    write: async ({ data, position }) => {
      await into.write(position, data)
    },
  })
  const output = new Output({
    format: kind === "webm" ? new WebMOutputFormat() : new Mp4OutputFormat({ fastStart: "reserve" }),
    target: new StreamTarget(writable, { chunked: true, chunkSize: PORTION_BYTES }),
  })
  const heads: { readonly lane: Lane; next: EncodedPacket | null }[] = []
  for (const track of tracks) {
    const most = kind === "mp4" ? (await track.computePacketStats()).packetCount : null
    heads.push({ lane: await laneOf(output, track, most), next: null })
  }
  await output.start()
  for (const head of heads) head.next = await head.lane.sink.getFirstPacket()
  for (let head = earliest(heads); head?.next != null; head = earliest(heads)) {
    const packet = head.next
    await head.lane.add(packet)
    onProgress(Math.min(1, packet.timestamp / Math.max(durationS, 1)))
    head.next = await head.lane.sink.getNextPacket(packet)
  }
  await output.finalize()
}
