// Call a unary method, and print the answer as JSON: node call.mjs PACKAGES PROTO ADDRESS SERVICE METHOD < request.json
// Bytes are base64 in it; the experiment's arm is `control`.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [packages, proto, address, service, method] = process.argv.slice(2);
const require = createRequire(`${packages}/package.json`);
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const options = { keepCase: false, longs: String, enums: String, bytes: String, defaults: false };
const definition = loader.loadSync(proto, options);
const Client = service.split(".").reduce((place, name) => place[name], grpc.loadPackageDefinition(definition));
const client = new Client(address, grpc.credentials.createInsecure());
const request = JSON.parse(readFileSync(0, "utf8"));
const metadata = new grpc.Metadata();
metadata.set("comb-arm", "control");
const deadline = Date.now() + 120_000;

client[method](request, metadata, { deadline }, (error, answer) => {
  console.log(JSON.stringify(error ? { code: error.code, message: error.details } : answer));
  client.close();
});
