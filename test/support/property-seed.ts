import fc from "fast-check"
import { TEST_RUN } from "./config.js"

// Loaded before all tests: properties are tried from the run's own seed, so that what it says of a commit is the same on each day.
fc.configureGlobal({ seed: TEST_RUN.seed })
