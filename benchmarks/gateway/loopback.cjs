// Loaded before Portkey's server, which would listen on every interface of the machine and has no option for it.
const net = require("net");
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (first, ...rest) {
  if (typeof first === "number" || typeof first === "string") {
    return listen.call(this, Number(first), "127.0.0.1", ...rest.filter((one) => typeof one === "function"));
  }
  return listen.call(this, { ...first, host: "127.0.0.1" }, ...rest);
};
