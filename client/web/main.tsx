import "./platform/without-eval.js"
import { createRoot } from "react-dom/client"
import { App } from "./app.js"
import { takeInvite } from "./joining/pending-invite.js"
import "./styles/base.css"
import "./styles/parts.css"
import { keepFocus } from "./ui/keep-focus.js"

takeInvite()
keepFocus()
const root = document.getElementById("root")
if (root === null) throw new Error("the page has no root")
createRoot(root).render(<App />)
