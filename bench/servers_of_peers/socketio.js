// Every line that comes on one port goes to every viewer on the other.
const http = require("node:http");
const net = require("node:net");
const readline = require("node:readline");
const { Server } = require("socket.io");

const [port, inward] = process.argv.slice(2).map(Number);
const server = http.createServer();
const io = new Server(server, { transports: ["websocket"] });
io.on("connection", (viewer) => viewer.join("team"));
server.listen(port, "127.0.0.1");
net
  .createServer((from) =>
    readline.createInterface(from).on("line", (line) => io.to("team").emit("change", JSON.parse(line))),
  )
  .listen(inward, "127.0.0.1");
