// Every line that comes on one port goes to every viewer on the other.
const net = require("node:net");
const readline = require("node:readline");
const uws = require("uwebsockets");

const [port, inward] = process.argv.slice(2).map(Number);
const app = uws.App().ws("/*", { open: (viewer) => viewer.subscribe("team") });
app.listen("127.0.0.1", port, (listening) => {
  if (!listening) {
    process.exit(1);
  }
});
net
  .createServer((from) => readline.createInterface(from).on("line", (line) => app.publish("team", line)))
  .listen(inward, "127.0.0.1");
