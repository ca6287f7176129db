import { type ReactElement, useState } from "react"
import { Button, Dialog, DialogTrigger, Form, Popover, Toolbar } from "react-aria-components"
import { equalBytes, utf8 } from "../../../shared/protocol/bytes.js"
import { includesHash } from "../../../shared/protocol/hash.js"
import { idOfHash } from "../../../shared/protocol/ids.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import type { ChatText } from "../../sdk/chat/fold.js"
import { canActAsAdmin } from "../../sdk/epochs.js"
import { hrefOf } from "../routes.js"
import { useClient } from "../signed-in/client-context.js"
import { useMeeting } from "../signed-in/use-meeting.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Field } from "../ui/field.js"
import type { RowCommands } from "./message-row.js"

const texts = strings.chat
const REACTIONS = ["👍", "❤️", "😂", "🎉", "😮", "😢", "✅", "❓"] as const

/** What can be done with a message, by who looks at it. */
export function MessageActions({
  line,
  name,
  commands,
}: {
  readonly line: ChatText
  readonly name: string
  readonly commands: RowCommands
}): ReactElement {
  const client = useClient()
  const { log } = useMeeting()
  const self = client.state.current.secrets.genesisHash
  const author = line.message.statement.authorGenesisHash
  const isOwn = equalBytes(author, self)
  return (
    <Toolbar className="message-actions" aria-label={texts.actions(name)}>
      <Button
        className="action action-quiet"
        onPress={() => {
          commands.reply(line)
        }}
      >
        {texts.reply}
      </Button>
      <DialogTrigger>
        <Button className="action action-quiet">{texts.react}</Button>
        <Popover className="menu" placement="top">
          <Dialog aria-label={texts.react} className="reaction-choice">
            {({ close }) => (
              <Reactions
                onChoose={(reaction) => {
                  const known = line.reactions.find((one) => one.reaction === reaction)
                  commands.react(line, reaction, !includesHash(known?.authors ?? [], self))
                  close()
                }}
              />
            )}
          </Dialog>
        </Popover>
      </DialogTrigger>
      {isOwn ? (
        <Button
          className="action action-quiet"
          onPress={() => {
            commands.edit(line)
          }}
        >
          {texts.edit}
        </Button>
      ) : null}
      {isOwn || (log !== null && canActAsAdmin(client, log)) ? (
        <Button
          className="action action-quiet"
          onPress={() => {
            commands.remove(line)
          }}
        >
          {texts.remove}
        </Button>
      ) : null}
      {isOwn ? null : (
        <a className="action action-quiet" href={hrefOf({ screen: "person", accountId: idOfHash("account", author) })}>
          {texts.person}
        </a>
      )}
    </Toolbar>
  )
}

function Reactions({ onChoose }: { readonly onChoose: (reaction: string) => void }): ReactElement {
  const [other, setOther] = useState("")
  const isLong = utf8(other.trim()).length > LIMITS.reactionBytes
  return (
    <>
      <div className="reaction-row">
        {REACTIONS.map((reaction) => (
          <Button
            key={reaction}
            className="reaction-key"
            aria-label={reaction}
            onPress={() => {
              onChoose(reaction)
            }}
          >
            {reaction}
          </Button>
        ))}
      </div>
      <Form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (other.trim() !== "" && !isLong) onChoose(other.trim())
        }}
      >
        <Field
          label={texts.reactionField}
          value={other}
          onChange={setOther}
          error={isLong ? texts.reactionLong : null}
        />
        <Action type="submit" isDisabled={other.trim() === "" || isLong}>
          {texts.addReaction}
        </Action>
      </Form>
    </>
  )
}
