import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"

const SCENE_S = 20
const RATE_KBIT = 4_800

/** A film of about `sizeBytes` as cameras make it: H.264 at 4.8 Mbit/s with a key frame every two seconds, in an MP4 whose index comes first. */
export async function makeFilm(folder: string, sizeBytes: number): Promise<string> {
  const run = async (args: readonly string[]): Promise<void> => {
    await promisify(execFile)("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args])
  }
  const [scene, film] = [join(folder, "scene.mp4"), join(folder, "film.mp4")]
  const rate = `${RATE_KBIT}k`
  const source = ["-f", "lavfi", "-i", `testsrc2=size=1280x720:rate=30:duration=${SCENE_S},noise=alls=24:allf=t`]
  const codec = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "60"]
  await run([...source, ...codec, "-b:v", rate, "-maxrate", rate, "-bufsize", rate, scene])
  const times = Math.ceil(sizeBytes / ((SCENE_S * RATE_KBIT * 1000) / 8)) - 1
  await run(["-stream_loop", String(times), "-i", scene, "-c", "copy", "-movflags", "+faststart", film])
  return film
}
