import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"

const SCENE_S = 20
const RATE_KBIT = 4_700
const SOUND_KBIT = 96

/**
 * A film of about `sizeBytes` as cameras make it: H.264 at 4.7 Mbit/s with a key frame every two seconds, and AAC.
 * @param index where the MP4's index stands: behind its media it can't be watched before all of it is there, so that it has to be remuxed.
 */
export async function makeFilm(folder: string, sizeBytes: number, index: "front" | "end" = "front"): Promise<string> {
  const run = async (args: readonly string[]): Promise<void> => {
    await promisify(execFile)("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args])
  }
  const [scene, film] = [join(folder, "scene.mp4"), join(folder, `film-${index}.mp4`)]
  const rate = `${RATE_KBIT}k`
  const picture = `testsrc2=size=1280x720:rate=30:duration=${SCENE_S},noise=alls=24:allf=t`
  const sound = `anoisesrc=duration=${SCENE_S}:amplitude=0.1:color=pink:seed=1`
  const source = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
  const codec = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "60"]
  const soundCodec = ["-c:a", "aac", "-b:a", `${SOUND_KBIT}k`]
  await run([...source, ...codec, "-b:v", rate, "-maxrate", rate, "-bufsize", rate, ...soundCodec, scene])
  const sceneBytes = (SCENE_S * (RATE_KBIT + SOUND_KBIT) * 1_000) / 8
  const times = Math.ceil(sizeBytes / sceneBytes) - 1
  const layout = index === "front" ? ["-movflags", "+faststart"] : []
  await run(["-stream_loop", String(times), "-i", scene, "-c", "copy", ...layout, film])
  return film
}
