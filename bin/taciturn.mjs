#!/usr/bin/env node
import { launch } from "./launch.mjs"

await launch("client/cli/main.js")
