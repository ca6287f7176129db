/** The build makes a file of its own from the module that is named so, and gives its address. */
declare module "*?worker&url" {
  const url: string
  export default url
}
