// Takes mails from the queue and hands them to the relay; logs logfmt.
const net = require("node:net");

function log(level, msg, fields = {}) {
  const pairs = Object.entries(fields).map(([k, v]) => `${k}=${/[\s"=]/.test(String(v)) ? JSON.stringify(String(v)) : v}`);
  console.log([`time=${new Date().toISOString()}`, `level=${level}`, `msg=${JSON.stringify(msg)}`, ...pairs].join(" "));
}
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function relay(order) {
  return new Promise((resolve, reject) => {
    const began = Date.now();
    const socket = net.connect(2525, "127.0.0.1");
    socket.setTimeout(1500, () => socket.destroy(new Error("relay timed out after 1500 ms")));
    socket.on("connect", () => socket.write(`MAIL ${order}\r\n`));
    socket.on("data", (answer) => {
      socket.end();
      const text = String(answer).trim();
      text.startsWith("250") ? resolve(Date.now() - began) : reject(new Error(text));
    });
    socket.on("error", reject);
  });
}

async function deliver(order, customer) {
  for (let attempt = 1; attempt <= 3; attempt++) {
    try {
      const took = await relay(order);
      return log("info", "mail sent", { order, customer, attempt, duration_ms: took });
    } catch (error) {
      log("warn", "mail deferred", { order, attempt, code: error.code ?? "-", error: error.message });
      await sleep(300 * attempt);
    }
  }
  log("error", "mail given up", { order, customer, attempts: 3 });
}

function consume() {
  const socket = net.connect(6380, "127.0.0.1", () => {
    log("info", "connected to queue", { address: "127.0.0.1:6380" });
    socket.write("BRPOP mails 5\r\n");
  });
  let buffer = "";
  socket.on("data", (chunk) => {
    buffer += chunk;
    const item = /\$\d+\r\nmails\r\n\$\d+\r\n(\d+)\|(\d+)\r\n/.exec(buffer);
    if (item) deliver(item[1], item[2]);
    else if (buffer.startsWith("-")) log("error", "queue refused", { error: buffer.trim() });
    if (item || /^(\*-1|-.*)\r\n/.test(buffer)) {
      setTimeout(() => socket.write("BRPOP mails 5\r\n"), item ? 0 : 1000);
      buffer = "";
    }
  });
  socket.on("error", (error) => log("error", "queue connection failed", { code: error.code, error: error.message }));
  socket.on("close", () => setTimeout(consume, 2000));
}
setInterval(() => log("debug", "heartbeat", { rss_bytes: process.memoryUsage().rss, uptime_s: Math.round(process.uptime()) }), 15000);
log("info", "notifier starts", { node: process.version, pid: process.pid });
consume();
