import type { Command } from "commander"
import { randomBytes } from "node:crypto"
import { open } from "node:fs/promises"
import { basename } from "node:path"
import { toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { formatId } from "../../shared/protocol/ids.js"
import { readServerConfig } from "../../shared/server/config.js"
import { systemErrorCode, translateFileError } from "../../shared/server/files.js"
import { signaturesReady, signerOfSeed } from "../../shared/server/signatures.js"
import { programVersion } from "../../shared/server/version.js"
import { withAdapters } from "./adapters.js"
import { readByteSize, readId } from "./arguments.js"
import { type ActorOptions, actorOf } from "./case-actor.js"
import { readConfirmerKey } from "./confirmation.js"
import { produceCase } from "./produce.js"
import { printProduced } from "./produced-text.js"
import { print, showProgress } from "./terminal.js"
import { readVerifiers } from "./verifier-files.js"
import { packVolumes } from "./volumes.js"

type NewCommand = (name: string, description: string, example: string) => Command

/** `taciturn-admin case produce|confirm|confirmer|pack`: what goes out of the house. */
export function addHandOverCommands(command: NewCommand, acting: (acts: Command) => Command): void {
  acting(
    command(
      "produce <case>",
      "hand over all that is held of the case's scope: a signed bag of ciphertext that anyone can verify",
      "produce case_… -o production --timestamp http://timestamp.example/tsa",
    ),
  )
    .requiredOption("-o, --output <folder>", "the folder to make; one that was left half-way is gone on with")
    .option("--force", "replace an earlier production")
    .option("--timestamp <url>", "an authority's time-stamp (RFC 3161) on it; only a hash leaves this machine")
    .action(
      async (
        text: string,
        options: ActorOptions & { readonly output: string; readonly force?: boolean; readonly timestamp?: string },
      ) => {
        const caseId = readId("case", text)
        const { confirmerKeys } = readServerConfig()
        const result = await withAdapters(
          async (adapters) =>
            await produceCase(
              { ...adapters, version: programVersion(), verifiers: await readVerifiers() },
              {
                caseId,
                actor: actorOf(options),
                target: options.output,
                force: options.force === true,
                timestampUrl: options.timestamp ?? null,
                confirmerKeys,
                onProgress: showProgress,
              },
            ),
        )
        printProduced({ case: formatId("case", caseId) }, result)
      },
    )

  acting(
    command(
      "confirm <case> <folder>",
      "as the second operator, check a production and sign it: before that it is handed over to nobody (CASE_CONFIRMERS)",
      "confirm case_… production.unconfirmed --key confirmer.key",
    ),
  )
    .requiredOption("--key <file>", "the confirmer's key, from `case confirmer`")
    .action(async (text: string, folder: string, options: ActorOptions & { readonly key: string }) => {
      const caseId = readId("case", text)
      const { confirmProduction } = await import("./confirm.js")
      await signaturesReady()
      const confirmer = await readConfirmerKey(options.key)
      const confirmed = await withAdapters(
        async ({ catalog, instance }) =>
          await confirmProduction(catalog, instance, { caseId, folder, actor: actorOf(options), confirmer }),
      )
      print({ case: text, folder: confirmed, confirmer: toHex(confirmer.publicKey) }, [`confirmed: ${confirmed}`])
    })

  command(
    "confirmer <file>",
    "make a key for a second operator; its public half goes into CASE_CONFIRMERS",
    "confirmer confirmer.key",
  ).action(async (path: string) => {
    await signaturesReady()
    const seed = new Uint8Array(randomBytes(32))
    try {
      const file = await open(path, "wx", 0o600)
      await file.writeFile(`${toHex(seed)}\n`)
      await file.sync()
      await file.close()
    } catch (error) {
      if (systemErrorCode(error) === "EEXIST") throw new ArchiveError("exists", `${path} exists: it is not replaced`)
      throw translateFileError(error, path)
    }
    const publicKey = toHex(signerOfSeed(seed).publicKey)
    print({ file: path, publicKey }, [
      `${path} is that person's alone. Its public key, for CASE_CONFIRMERS: ${publicKey}`,
    ])
  })

  command(
    "pack <folder>",
    "a production as one tar, split into volumes; an interruption is gone on with",
    "pack production --volume 4GiB -o /media/disk/production",
  )
    .requiredOption("-o, --output <name>", "the volumes' name, before .tar.001")
    .option("--volume <size>", "the most that a volume has, such as 700MiB or 4GiB", "4GiB")
    .action(async (folder: string, options: { readonly output: string; readonly volume: string }) => {
      const volumes = await packVolumes({
        folder,
        target: options.output,
        volumeBytes: readByteSize(options.volume),
        onProgress: showProgress,
      })
      const name = basename(options.output)
      print({ volumes }, [
        ...volumes.map(({ name, sizeBytes }) => `${name}  ${sizeBytes} bytes`),
        `To have it back, in the volumes' folder: sha512sum -c ${name}.tar.sha512 && cat ${name}.tar.[0-9]* | tar -xf -`,
      ])
    })
}
