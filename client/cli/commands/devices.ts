import type { Command } from "commander"
import { formatId } from "../../../shared/protocol/ids.js"
import { listDevices, type ListedDevice, type RekeyReport, renameDevice, revokeDevices } from "../../sdk/devices.js"
import { accountRisks, type AccountRisks } from "../../sdk/recovery.js"
import { readId } from "../arguments.js"
import { EXIT } from "../exit-codes.js"
import type { Action } from "../main.js"

/** @returns the command that the ones of pairing stand under too. */
export function addDeviceCommands(program: Command, run: (action: Action) => Promise<void>): Command {
  const device = program.command("device").description("the devices of this account")
  device
    .command("list")
    .description("every device that can open what this account can open")
    .addHelpText("after", "\nExample:\n  taciturn device list")
    .action(async () => {
      await run(async (context) => {
        const client = await context.openClient()
        const devices = (await listDevices(client)).map(describeDevice)
        context.output.result({ devices }, [
          ...devices.map(
            ({ device: id, name, isThis }) => `${id}  ${name ?? "(no name)"}${isThis ? "  this device" : ""}`,
          ),
          ...riskLines(await accountRisks(client)),
        ])
        return undefined
      })
    })
  device
    .command("rename <device> <name>")
    .description("what a device is called; only this account can read it")
    .addHelpText("after", '\nExample:\n  taciturn device rename dev_… "Old laptop"')
    .action(async (id: string, name: string) => {
      await run(async (context) => {
        const deviceId = readId("device", id)
        await renameDevice(await context.openClient(), deviceId, name)
        context.output.result({ device: id, name }, [`${id} is called ${name}.`])
        return undefined
      })
    })
  device
    .command("revoke <device...>")
    .description(
      "take devices that were lost out of this account, and give every meeting a secret that they don't have",
    )
    .addHelpText("after", "\nExample:\n  taciturn device revoke dev_…")
    .action(async (ids: string[]) => {
      await run(async (context) => {
        const deviceIds = ids.map((id) => readId("device", id))
        const report = await revokeDevices(await context.openClient(), deviceIds)
        context.output.result({ revoked: ids, ...describeRekeys(report) }, [
          ...ids.map((id) => `${id} is revoked: it keeps what it fetched before, and gets nothing more.`),
          ...rekeyLines(report),
        ])
        return report.failed.length > 0 ? EXIT.tryLater : EXIT.done
      })
    })
  return device
}

/** What a person is told until it is no more so. */
export function riskLines({ isSoleDevice, phraseUnconfirmed }: AccountRisks): readonly string[] {
  return [
    ...(isSoleDevice
      ? [
          "This is the only device: if it is lost, the recovery phrase alone opens this account. `taciturn device link` on another one adds it.",
        ]
      : []),
    ...(phraseUnconfirmed
      ? [
          "You have not shown yet that you have the recovery phrase: try it with `taciturn recovery check`, or make new words with `taciturn recovery replace`.",
        ]
      : []),
  ]
}

export function describeDevice({ deviceId, name, isThis }: ListedDevice): {
  readonly device: string
  readonly name: string | null
  readonly isThis: boolean
} {
  return { device: formatId("device", deviceId), name, isThis }
}

export function describeRekeys({ rekeyed, failed }: RekeyReport): {
  readonly rekeyed: readonly string[]
  readonly failed: readonly { readonly meeting: string; readonly code: string; readonly message: string }[]
} {
  return {
    rekeyed: rekeyed.map((id) => formatId("meeting", id)),
    failed: failed.map(({ meetingId, error: { code, message } }) => ({
      meeting: formatId("meeting", meetingId),
      code,
      message,
    })),
  }
}

export function rekeyLines(report: RekeyReport): readonly string[] {
  const { rekeyed, failed } = describeRekeys(report)
  return [
    ...(rekeyed.length > 0 ? [`${rekeyed.length} meetings have a new secret.`] : []),
    ...failed.map(
      ({ meeting, message }) =>
        `${meeting} could not be given a new secret yet: ${message}. Every later command tries again.`,
    ),
  ]
}
