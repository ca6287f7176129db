/** What Node gives without being asked. */
export { Buffer } from "buffer"
